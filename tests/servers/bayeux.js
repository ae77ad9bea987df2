// A notification server for tests: node bayeux.js cometd|faye [PORT]. Prints its port as the first line, then one line for
// each line of standard input, and ends when that does.
//
//   publish CHANNEL FIRST LAST        events { n: FIRST } ... { n: LAST }, at once
//   flow CHANNEL FIRST LAST CHUNK     the same, CHUNK of them now and after each connect that comes
//   drop N                            from now on every Nth connect is cut off: by turns without an answer, within the
//                                     headers, within the body; 0: none
//   expire                            forgets the Bayeux sessions
//   logout                            forgets the sessions of the login, and so all else
//   stats                             { handshakes, connects, together, subscribes, unsubscribes, disconnects, dropped,
//                                     refused, sessions, flowing }
//
// A login stands before it, as before a vendor's: a GET of /api/v2/me with Basic gives a cookie and the name and value of
// a header; without either a POST is answered 403.
'use strict';
const crypto = require('crypto');
const http = require('http');
const readline = require('readline');

const [, , kind, port] = process.argv;
const TIMEOUT_MS = 500; // of a parked connect: tests run their clock faster, not this one
const stats = { handshakes: 0, connects: 0, together: 0, subscribes: 0, unsubscribes: 0, disconnects: 0, dropped: 0, refused: 0 };
const logins = new Map(); // cookie -> CSRF token
let flow = null, parked = 0, dropEach = 0, sinceDrop = 0;

const makers = {
    cometd() {
        const cometd = require('cometd-nodejs-server');
        const { AcknowledgedMessagesExtension } = require('cometd-nodejs-server/ack-extension');
        const server = cometd.createCometDServer({ timeout: TIMEOUT_MS, maxInterval: 60000 });
        server.addExtension(new AcknowledgedMessagesExtension());
        server.policy = { canSubscribe: (session, message, channel, answer) => answer(undefined, channel.name !== '/denied') };
        const sessions = new Set();
        server.addListener('sessionAdded', (session) => sessions.add(session));
        server.addListener('sessionRemoved', (session) => sessions.delete(session));
        return {
            handle: server.handle,
            publish: (channel, data) => server.createServerChannel(channel).publish(null, data),
            expire: () => sessions.forEach((session) => session.disconnect()),
            count: () => sessions.size,
            ready: Promise.resolve(),
        };
    },
    faye() {
        const faye = require('faye');
        const adapter = new faye.NodeAdapter({ mount: '/api/v2/notifications', timeout: TIMEOUT_MS / 1000 });
        adapter.addExtension({
            incoming(message, done) {
                if (message.channel === '/meta/subscribe' && message.subscription === '/denied') {
                    message.error = '403:/denied:subscribe_denied';
                }
                done(message);
            },
        });
        const client = adapter.getClient();
        const sessions = new Set();
        let own;
        adapter._server._engine.bind('handshake', (id) => sessions.add(id));
        adapter._server._engine.bind('disconnect', (id) => sessions.delete(id));
        return {
            handle: (request, response) => adapter.handle(request, response),
            publish: (channel, data) => client.publish(channel, data),
            expire: () => sessions.forEach((id) => id !== own && adapter._server._engine.destroyClient(id)),
            count: () => sessions.size - 1,
            // Its own client has a session too, and keeps the order of what it publishes only once that is made.
            ready: client.publish('/warm', 0).then(() => { own = [...sessions][0]; }),
        };
    },
};
const server = makers[kind]();

function login(request, response) {
    if (request.headers.authorization !== 'Basic ' + Buffer.from('agent:secret').toString('base64')) {
        response.writeHead(403, { 'Content-Type': 'application/json' });
        response.end('{"statusCode":20,"statusMessage":"Access denied"}');
        return;
    }
    const id = crypto.randomBytes(8).toString('hex'), token = crypto.randomUUID();
    logins.set(id, token);
    response.writeHead(200, {
        'Content-Type': 'application/json',
        'Set-Cookie': `JSESSIONID=${id};Path=/;HttpOnly`,
        'X-CSRF-HEADER': 'X-CSRF-TOKEN',
        'X-CSRF-TOKEN': token,
    });
    response.end('{"statusCode":0}');
}

function isLoggedIn(request) {
    const cookie = /(?:^|; *)JSESSIONID=([^;]*)/.exec(request.headers.cookie || '');
    const token = cookie && logins.get(cookie[1]);
    return Boolean(token) && request.headers['x-csrf-token'] === token;
}

// Makes the answer break off instead of ending.
function spoil(response, how) {
    const { end } = response;
    response.end = function (content) {
        if (how === 0 || !content) {
            response.socket.destroy();
        } else if (how === 1) {
            response.socket.write('HTTP/1.1 200 OK\r\nContent-Type: applica', () => response.socket.destroy());
        } else {
            if (!response.headersSent) response.setHeader('Content-Length', Buffer.byteLength(content));
            response.write(content.slice(0, content.length / 2), () => response.socket.destroy());
        }
        response.end = end;
        return response;
    };
}

function count(message, response) {
    const name = message.channel.replace('/meta/', '') + 's';
    if (name in stats) stats[name]++;
    if (message.channel !== '/meta/connect') return;
    parked++;
    stats.together = Math.max(stats.together, parked);
    response.on('close', () => parked--);
    setImmediate(flowOn); // when it is parked
    sinceDrop++;
    if (dropEach > 0 && sinceDrop >= dropEach) {
        sinceDrop = 0;
        spoil(response, stats.dropped++ % 3);
    }
}

const listener = http.createServer((request, response) => {
    if (request.method === 'GET') return login(request, response);
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
        if (!isLoggedIn(request)) {
            stats.refused++;
            response.writeHead(403, { 'Content-Type': 'text/html' });
            return response.end('<html>Forbidden</html>');
        }
        const text = Buffer.concat(chunks).toString();
        JSON.parse(text).forEach((message) => count(message, response));
        if (kind === 'cometd') {
            request.body = JSON.parse(text);
            return server.handle(request, response);
        }
        // It wants to read the request itself.
        request.removeAllListeners('data').removeAllListeners('end');
        server.handle(request, response);
        request.emit('data', Buffer.from(text));
        request.emit('end');
    });
});
listener.keepAliveTimeout = 60000;

function publish(channel, first, last) {
    for (let n = first; n <= last; n++) server.publish(channel, { n });
}

function flowOn() {
    if (!flow) return;
    const { channel, first, last, chunk } = flow;
    flow.first += chunk;
    if (flow.first > last) flow = null;
    publish(channel, first, Math.min(first + chunk - 1, last));
}

const commands = {
    publish: (channel, first, last) => publish(channel, Number(first), Number(last)),
    flow: (channel, first, last, chunk) => {
        flow = { channel, first: Number(first), last: Number(last), chunk: Number(chunk) };
        flowOn();
    },
    drop: (each) => { dropEach = Number(each); sinceDrop = 0; },
    expire: () => server.expire(),
    logout: () => { logins.clear(); server.expire(); },
    stats: () => JSON.stringify({ ...stats, sessions: server.count(), flowing: Number(flow !== null) }),
};

readline.createInterface({ input: process.stdin })
    .on('line', (line) => {
        const [name, ...args] = line.split(' ');
        process.stdout.write((commands[name](...args) || 'done') + '\n');
    })
    .on('close', () => process.exit(0));
server.ready.then(() => {
    listener.listen(Number(port || 0), '127.0.0.1', () => process.stdout.write(listener.address().port + '\n'));
});
