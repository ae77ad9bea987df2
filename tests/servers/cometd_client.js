// CometD's own JavaScript client against the mock's Genesys Web Services: node cometd_client.js URL SCENARIO [COUNT].
// It logs in by Basic (agent:secret), keeps cookies and the CSRF token, and prints one line per thing that happened.
// Ends with 0 when the scenario is through, with 1 after 30 seconds.
'use strict';
const fs = require('fs');
const http = require('http');
const path = require('path');
const { pathToFileURL } = require('url');

// These packages are ES modules: older releases of node load them by import() alone, which knows no NODE_PATH.
function load(name) {
    const folder = path.resolve(process.env.NODE_PATH, name);
    const { main } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
    return import(pathToFileURL(path.join(folder, main)));
}

let cometd, AckExtension;

// One cookie jar for CometD and everything else.
const jar = new Map();

function keepCookie(header) {
    const [pair] = header.split(';');
    jar.set(pair.split('=')[0], pair);
}


const [, , base, scenario, count] = process.argv;
const BASIC = 'Basic ' + Buffer.from('agent:secret').toString('base64');
const DEVICE = 'efe1ab32-53f9-43ce-b65e-5768c61f7d4a';
const login = { Authorization: BASIC };
const agent = new http.Agent({ keepAlive: true });

// What is heard while an operation's answer is still to come is told after the answer.
let held = null;

function say(...words) {
    const line = words.join(' ') + '\n';
    if (held) {
        held.push(line);
    } else {
        process.stdout.write(line);
    }
}

function request(method, path, body, headers) {
    const cookies = [...jar.values()].join('; ');
    return new Promise((resolve, reject) => {
        const sent = http.request(base + path, { method, agent,
            headers: { 'Content-Type': 'application/json', Cookie: cookies, ...headers } },
            response => {
                let text = '';
                (response.headers['set-cookie'] || []).forEach(keepCookie);
                response.on('data', chunk => { text += chunk; });
                response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }));
            });
        sent.on('error', reject);
        sent.end(body);
    });
}

const page = (name, body) => request('POST', '/mock/genesys/' + name, body, {});

async function logIn() {
    const answer = await request('GET', '/api/v2/me', undefined, { Authorization: BASIC });
    login[answer.headers['x-csrf-header']] = answer.headers['x-csrf-token'];
}

async function operate(path, body) {
    const meanwhile = [];
    held = meanwhile;
    const answer = await request('POST', '/api/v2' + path, JSON.stringify(body), login);
    held = null;
    say(body.operationName, answer.status, answer.text);
    meanwhile.forEach(line => process.stdout.write(line));
}

function configure() {
    cometd.configure({ url: base + '/api/v2/notifications', requestHeaders: { ...login }, backoffIncrement: 20,
        logLevel: 'error' });
}

// Calls back for each event of a topic.
function subscribe(topic, heard) {
    return new Promise((resolve, reject) => {
        cometd.subscribe(topic, heard, {}, reply => {
            say('subscribe', topic, reply.successful);
            (reply.successful ? resolve : reject)(reply);
        });
    });
}

function handshake() {
    return new Promise((resolve, reject) => {
        cometd.handshake(reply => (reply.successful ? resolve : reject)(reply));
    });
}

function disconnect() {
    return new Promise(resolve => cometd.disconnect(reply => {
        say('disconnect', reply.successful);
        resolve();
    }));
}

function next(channel, wanted) {
    return new Promise(resolve => {
        const handle = cometd.addListener(channel, message => {
            if (wanted(message)) {
                cometd.removeListener(handle);
                resolve(message);
            }
        });
    });
}

const connected = () => next('/meta/connect', message => message.successful);

// Waits until the server has a connect parked: only then can it be cut off.
async function parked() {
    while (JSON.parse((await page('connects/parked')).text).connects === 0);
}

async function start() {
    await logIn();
    cometd.unregisterTransport('websocket');
    cometd.unregisterTransport('callback-polling');
    configure();
    const reply = await handshake();
    say('handshake', reply.version, reply.supportedConnectionTypes, JSON.stringify(reply.advice),
        JSON.stringify(reply.ext || {}));
    await connected();
}

// Subscribes to a topic and resolves `done` once as many events as wanted came; prints each.
function listen(topic, wanted, show) {
    let done;
    const finished = new Promise(resolve => { done = resolve; });
    let heard = 0;
    const subscribed = subscribe(topic, message => {
        show(message);
        heard += 1;
        if (heard === wanted) {
            done();
        }
    });
    return subscribed.then(() => ({ finished }));
}

// Something cuts the client off; it must come back by itself, and hear of what happens then.
async function comesBack(name, again) {
    await start();
    const { finished } = await listen('/test', 1, message => say('heard', JSON.stringify(message.data)));
    const back = again ? next('/meta/handshake', message => message.successful) : Promise.resolve();
    cometd.addListener('/meta/connect', message => {
        if (!message.successful) {
            say('connect failed', message.error || 'without a reply', message.failure ? message.failure.httpCode : 200);
        }
    });
    const failed = next('/meta/connect', message => !message.successful);
    await parked();
    await page(name);
    await failed;
    await back;
    const live = connected();
    if (again) {
        say('handshake again', (await back).reestablish === true);
        await subscribe('/test', message => say('heard', JSON.stringify(message.data)));
    }
    await live;
    const heard = again ? next('/test', () => true) : finished;
    await page('publish', '[{"channel":"/test","data":{"n":1}}]');
    await heard;
    await disconnect();
}

const scenarios = {
    async dial() {
        await start();
        const { finished } = await listen('/v2/me/calls', 3, message => say(message.data.notificationType,
            message.data.call.state, message.data.call.dnis, message.data.call.userData.outdial));
        await operate('/me/devices/' + DEVICE + '/calls', { operationName: 'Dial',
            destination: { phoneNumber: '5001' }, userData: { outdial: 't-1' } });
        await finished;
        await disconnect();
    },
    async record() {
        await start();
        await subscribe('/v2/me/outbound', message => say(message.channel, message.data.notificationType,
            message.data.referenceId));
        const { finished } = await listen('/me/internal', 1, message => say(message.channel,
            message.data.userData.GSW_USER_EVENT, message.data.userData.GSW_CHAIN_ID));
        await operate('/me/outbound-records', { operationName: 'AddRecord', applicationId: 134,
            campaignName: 'Campaign1', callingList: 'CallingList1', phoneNumber: '12345', timeZone: 'GMT',
            phoneType: 'Mobile', from: 0, until: 86339, devicePath: '/devices/' + DEVICE, referenceId: 'r-1' });
        await finished;
        await disconnect();
    },
    async session() {
        await start();
        const { finished } = await listen('/v2/me/*', 2, message => say(message.data.messageType,
            message.data.devices[0].userState.state));
        await operate('/me', { operationName: 'StartContactCenterSession', channels: ['voice'] });
        await finished;
        await disconnect();
        await operate('/me', { operationName: 'EndContactCenterSession' });
        delete login.Authorization;
        await operate('/me', { operationName: 'NotReady' });
    },
    forget: () => comesBack('clients/forget', true),
    drop: () => comesBack('connects/drop', false),
    duplicate: () => comesBack('connects/duplicate', false),
    async expire() {
        await start();
        // The handshake after the loss is refused until somebody has logged in again; it is repeated meanwhile.
        let refused = false;
        cometd.addListener('/meta/handshake', async message => {
            if (!message.successful && !refused) {
                refused = true;
                say('handshake refused', message.failure.httpCode);
                await logIn();
                configure();
            }
        });
        const back = next('/meta/handshake', message => message.successful);
        await parked();
        await page('sessions/expire');
        say('handshake again', (await back).successful);
        const live = connected(); // its first reply may come before that of the subscription
        const { finished } = await listen('/test', 1, message => say('heard', JSON.stringify(message.data)));
        await live;
        await page('publish', '[{"channel":"/test","data":1}]');
        await finished;
        await disconnect();
    },
    // So many events in order, while the server cuts connections; each must come once.
    async many() {
        cometd.registerExtension('ack', new AckExtension());
        await start();
        let expected = 1, wrong = 0, failures = 0;
        cometd.addListener('/meta/connect', message => { failures += message.successful ? 0 : 1; });
        const { finished } = await listen('/test', Number(count), message => {
            wrong += message.data === expected ? 0 : 1;
            expected += 1;
        });
        for (let first = 1; first <= Number(count); first += 20) {
            const list = [];
            for (let n = first; n < first + 20; n += 1) {
                list.push({ channel: '/test', data: n });
            }
            await page('publish', JSON.stringify(list));
        }
        await finished;
        say('events', expected - 1, 'out of order', wrong, 'connections lost', failures > 0);
        await disconnect();
    },
};

setTimeout(() => {
    say('timeout');
    process.exit(1);
}, 30000).unref();

async function main() {
    const { adapt } = await load('cometd-nodejs-client');
    adapt({ cookies: {
        storeCookie(uri, header, done) {
            keepCookie(header);
            done();
        },
        retrieveCookies(context, uri, done) {
            done(null, [...jar.values()]);
        },
    } });
    const library = await load('cometd');
    AckExtension = library.AckExtension;
    cometd = new library.CometD();
    await scenarios[scenario]();
}

main().then(() => process.exit(0), error => {
    say('failed', error.stack || JSON.stringify(error));
    process.exit(1);
});
