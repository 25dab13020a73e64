"""Echo: `echo.py asyncio PORT` and `echo.py forking PORT` serve; `echo.py inherited` and `echo.py datagram` serve on
descriptor 0, from inetd, until nothing comes for half a second; `echo.py client ADDRESS PORT` opens 20 connections at
once, sends a megabyte on each, half closes, and prints how many came back whole, each up to its end; `echo.py ask
ADDRESS PORT SIZE...` sends datagrams, three times when need be, and prints how many came back as they were."""
import asyncio
import random
import socket
import socketserver
import threading
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


def return_stream(connection):
    while data := connection.recv(65536):
        connection.sendall(data)


def return_and_close(connection):
    with connection:
        return_stream(connection)


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        return_stream(self.request)


class Forking(socketserver.ForkingTCPServer):
    allow_reuse_address = True
    request_queue_size = 64
    max_children = 64


def inherited(kind):
    with socket.socket(fileno=0) as given:
        given.settimeout(0.5)
        try:
            while True:
                if kind == "datagram":
                    given.sendto(*given.recvfrom(65536))
                else:
                    threading.Thread(target=return_and_close, args=[given.accept()[0]]).start()
        except TimeoutError:
            pass


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


def came_back(asker, size):
    data = random.Random(size).randbytes(size)
    for _ in range(3):
        asker.send(data)
        try:
            return asker.recv(65536) == data
        except TimeoutError:
            continue
    return False


def ask_datagrams(address, port, sizes):
    with socket.socket(type=socket.SOCK_DGRAM) as asker:
        asker.settimeout(3)
        asker.connect((address, port))
        print(sum(came_back(asker, size) for size in sizes))


async def client(address, port):
    print(sum(await asyncio.gather(*(ask(number, address, port) for number in range(CONNECTIONS)))))


if sys.argv[1] == "asyncio":
    asyncio.run(serve(int(sys.argv[2])))
elif sys.argv[1] in ("inherited", "datagram"):
    inherited(sys.argv[1])
elif sys.argv[1] == "forking":
    Forking(("0.0.0.0", int(sys.argv[2])), Handler).serve_forever()
elif sys.argv[1] == "ask":
    ask_datagrams(sys.argv[2], int(sys.argv[3]), map(int, sys.argv[4:]))
else:
    asyncio.run(client(sys.argv[2], int(sys.argv[3])))
