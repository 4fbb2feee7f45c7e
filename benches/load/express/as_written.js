// Token routes as people write them: Express, cors, jsonwebtoken, the secret as text.
'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const cors = require('cors');
const express = require('express');
const jwt = require('jsonwebtoken');

const [port, secretFile] = process.argv.slice(2);
const APP_ID = 'bench-app';
const DOMAIN = 'meet.bench.test';
const APP_SECRET = fs.readFileSync(secretFile, 'utf8').trim();

const app = express();
app.use(cors());
app.use(express.json());

app.post('/api/jitsi/generate-token', (req, res) => {
  try {
    const { roomName, userName, userEmail, userId, isModerator = false, expiresIn = 7200 } = req.body;
    if (!roomName || !userName) {
      return res.status(400).json({ error: 'roomName and userName are required' });
    }
    const now = Math.floor(Date.now() / 1000);
    const payload = {
      aud: APP_ID,
      iss: APP_ID,
      sub: DOMAIN,
      room: roomName,
      exp: now + expiresIn,
      nbf: now - 10,
      iat: now,
      jti: crypto.randomUUID(),
      moderator: isModerator,
      context: { user: { id: userId, name: userName, email: userEmail, moderator: isModerator } },
    };
    const token = jwt.sign(payload, APP_SECRET, { algorithm: 'HS256' });
    res.json({
      token,
      roomName,
      joinUrl: `https://${DOMAIN}/${roomName}`,
      expiresAt: new Date(payload.exp * 1000).toISOString(),
      embed: { domain: DOMAIN, roomName, jwt: token, configOverwrite: {}, userInfo: { displayName: userName } },
    });
  } catch (error) {
    res.status(500).json({ error: 'Failed to generate token' });
  }
});

app.post('/api/jitsi/validate-token', (req, res) => {
  try {
    const claims = jwt.verify(req.body.token, APP_SECRET, { algorithms: ['HS256'], audience: APP_ID, issuer: APP_ID });
    res.json({
      valid: true,
      expiresAt: new Date(claims.exp * 1000).toISOString(),
      room: claims.room,
      user: claims.context.user,
      moderator: claims.moderator,
    });
  } catch (error) {
    res.json({ valid: false, error: error.message });
  }
});

app.listen(Number(port), '127.0.0.1');
