"""Echo: `echo.py asyncio PORT` and `echo.py forking PORT` serve; `echo.py client ADDRESS PORT` opens 20 connections at
once, sends a megabyte on each, half closes, and prints how many came back whole, each up to its end."""
import asyncio
import random
import socketserver
import sys

CONNECTIONS, SIZE = 20, 1_000_000


async def answer(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def serve(port):
    async with await asyncio.start_server(answer, "0.0.0.0", port) as server:
        await server.serve_forever()


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while data := self.request.recv(65536):
            self.request.sendall(data)


class Forking(socketserver.ForkingTCPServer):
    allow_reuse_address = True
    request_queue_size = 64
    max_children = 64


async def ask(number, address, port):
    data = random.Random(number).randbytes(SIZE)
    reader, writer = await asyncio.open_connection(address, port)

    async def send():
        writer.write(data)
        await writer.drain()
        writer.write_eof()

    _, received = await asyncio.gather(send(), reader.read(-1))
    writer.close()
    return received == data


async def client(address, port):
    print(sum(await asyncio.gather(*(ask(number, address, port) for number in range(CONNECTIONS)))))


if sys.argv[1] == "asyncio":
    asyncio.run(serve(int(sys.argv[2])))
elif sys.argv[1] == "forking":
    Forking(("0.0.0.0", int(sys.argv[2])), Handler).serve_forever()
else:
    asyncio.run(client(sys.argv[2], int(sys.argv[3])))
