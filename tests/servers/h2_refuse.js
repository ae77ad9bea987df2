// An HTTP/2 server over TLS for tests: node h2_refuse.js CERTIFICATE KEY. Prints its port as the first line, ends when
// its standard input does.
//
//   /refuse    every stream is answered with REFUSED_STREAM
//   /cancel    every stream is answered with CANCEL
//   /hold      is answered when somebody asks for /release
//   /counts    how many streams came for each path, and over how many sessions, as JSON
//   otherwise  200 with the body "ok"
'use strict';
const fs = require('fs');
const http2 = require('http2');

const { NGHTTP2_REFUSED_STREAM, NGHTTP2_CANCEL } = http2.constants;
const counts = { sessions: 0 };
let held = [];

function answer(stream, body) {
    if (!stream.destroyed) {
        stream.respond({ ':status': 200, 'content-type': 'text/plain' });
        stream.end(body);
    }
}

const server = http2.createSecureServer({
    cert: fs.readFileSync(process.argv[2]),
    key: fs.readFileSync(process.argv[3]),
});
server.on('session', (session) => {
    counts.sessions++;
    session.on('error', () => {}); // a client that went away
});
server.on('stream', (stream, headers) => {
    const path = headers[':path'];
    stream.on('error', () => {}); // a stream that either side reset
    counts[path] = (counts[path] || 0) + 1;
    if (path === '/refuse') {
        stream.close(NGHTTP2_REFUSED_STREAM);
        return;
    }
    if (path === '/cancel') {
        stream.close(NGHTTP2_CANCEL);
        return;
    }
    // Answered once the request is whole: an answer before that makes node reset the stream after it, and libcurl 7.88.1
    // take that for a failure.
    stream.on('end', () => {
        if (path === '/hold') {
            held.push(stream);
        } else if (path === '/counts') {
            answer(stream, JSON.stringify(counts));
        } else {
            if (path === '/release') {
                for (const each of held) {
                    answer(each, 'held');
                }
                held = [];
            }
            answer(stream, 'ok');
        }
    });
    stream.resume();
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.on('end', () => process.exit(0));
process.stdin.resume();
