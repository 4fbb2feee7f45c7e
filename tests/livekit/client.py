"""People in the rooms of a LiveKit server, all in one process, driven by lines of JSON.

{"seq": 1, "do": "join", "id": "ann", "url": "ws://…", "token": "…"}   answered when media is connected
{"seq": 2, "do": "leave", "id": "ann"}                                 answered when the connection is closed

What happens to somebody by itself is told without a number: {"id": …, "data": …, "topic": …} and {"id": …, "out": reason}.
It wants the package `livekit` of PyPI.
"""

import asyncio
import json
import sys

from livekit import rtc

rooms = {}


def tell(line):
    print(json.dumps(line), flush=True)


def out(who, reason):
    if rooms.pop(who, None):
        tell({"id": who, "out": str(reason)})


async def join(command):
    who = command["id"]
    room = rtc.Room()
    room.on("data_received", lambda packet: tell({"id": who, "data": packet.data.decode(), "topic": packet.topic}))
    room.on("disconnected", lambda *reason: out(who, reason))
    await room.connect(command["url"], command["token"])
    rooms[who] = room
    return {"joined": room.name}


async def leave(command):
    await rooms.pop(command["id"]).disconnect()
    return {"left": command["id"]}


async def obey(line):
    command = json.loads(line)
    try:
        answer = await {"join": join, "leave": leave}[command["do"]](command)
    except Exception as error:
        answer = {"error": str(error)}
    tell({"seq": command["seq"], **answer})


async def main():
    loop = asyncio.get_running_loop()
    tasks = set()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        task = asyncio.create_task(obey(line))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


asyncio.run(main())
