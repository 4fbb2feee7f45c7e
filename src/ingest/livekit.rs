//! LiveKit's webhooks (`webhook/` and `livekit_webhook.proto` of livekit/protocol): who signed, and what is said.
