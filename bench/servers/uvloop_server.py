"""An echo server on asyncio with uvloop. With "hello", it sends a greeting and closes instead.

Usage: python3 uvloop_server.py PORT [hello]
"""

import asyncio
import socket
import sys

import uvloop


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data):
        self.transport.write(data)


class Hello(asyncio.Protocol):
    def connection_made(self, transport):
        transport.write(b"Hello Twisted")
        transport.close()


async def main():
    protocol = Hello if len(sys.argv) > 2 else Echo
    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", int(sys.argv[1]), backlog=4096)
    print("listening on", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


uvloop.install()
asyncio.run(main())
