// Node.js: `files.js serve PORT FOLDER` serves and takes files over HTTP by two workers of a cluster; `get URL FILE`,
// `put URL FILE` and `many URL COUNT` are its clients, the last prints each sum that it found and how often. `digest
// PORT` tells the SHA-256 of what it is sent, after its end; `half-close ADDRESS PORT FILE` sends a file to it, ends its
// side, and prints the answer.
const cluster = require('cluster');
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const net = require('net');
const path = require('path');
const { pipeline } = require('stream');
const [what, ...given] = process.argv.slice(2);

function done(error) {
    if (error)
        throw error;
}

function sum(stream, tell) {
    const hash = crypto.createHash('sha256');
    stream.on('data', (data) => hash.update(data));
    stream.on('end', () => tell(hash.digest('hex')));
    stream.on('error', done);
}

function answer(folder, request, response) {
    const file = path.join(folder, path.basename(new URL(request.url, 'http://rill').pathname));
    if (request.method === 'PUT') {
        pipeline(request, fs.createWriteStream(file), (error) => {
            done(error);
            response.writeHead(201).end();
        });
        return;
    }
    response.writeHead(200, { 'Content-Length': fs.statSync(file).size });
    pipeline(fs.createReadStream(file), response, done);
}

function checked(response) {
    if (response.statusCode >= 300)
        throw new Error(`status ${response.statusCode}`);
    return response;
}

function serve(port, folder) {
    if (cluster.isMaster) {
        cluster.fork();
        cluster.fork();
        process.on('SIGTERM', () => process.exit(0));
    } else {
        http.createServer((request, response) => answer(folder, request, response)).listen(Number(port), '0.0.0.0');
    }
}

function many(url, count) {
    const sums = new Map();
    let left = Number(count);
    for (let number = 0; number < Number(count); number++) {
        http.get(url, { agent: false }, (response) => sum(checked(response), (told) => {
            sums.set(told, (sums.get(told) || 0) + 1);
            if (--left === 0)
                console.log([...sums].flat().join(' '));
        }));
    }
}

const commands = {
    serve,
    many,
    get: (url, file) => http.get(url, (response) => pipeline(checked(response), fs.createWriteStream(file), done)),
    put: (url, file) => {
        const request = http.request(url, { method: 'PUT' }, (response) => checked(response).resume());
        pipeline(fs.createReadStream(file), request, done);
    },
    digest: (port) => net.createServer({ allowHalfOpen: true }, (socket) => sum(socket, (told) => socket.end(told)))
        .listen(Number(port), '0.0.0.0'),
    'half-close': (address, port, file) => {
        const socket = net.connect({ host: address, port: Number(port), allowHalfOpen: true });
        socket.on('data', (data) => process.stdout.write(data));
        socket.on('error', done);
        fs.createReadStream(file).pipe(socket);
    },
};
commands[what](...given);
