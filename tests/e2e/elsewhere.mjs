// A server on another origin, over TLS with a certificate that is made here and thrown away.
import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer } from 'node:https';

// A value in DER: its tag, its length, its content.
function der(tag, ...parts) {
  const body = Buffer.concat(parts);
  const size = body.length;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}
const sequence = (...parts) => der(0x30, ...parts);
const time = (text) => der(0x17, Buffer.from(text));

// A key and a certificate (X.509, version 3) for 127.0.0.1, signed by itself.
function identity() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  // ecdsa-with-SHA256, and the name's attribute "common name".
  const algorithm = sequence(Buffer.from('06082a8648ce3d040302', 'hex'));
  const name = sequence(der(0x31, sequence(Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from('127.0.0.1')))));
  const signed = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    algorithm,
    name,
    sequence(time('200101000000Z'), time('491231235959Z')),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const whole = sequence(signed, algorithm, der(0x03, Buffer.from([0]), sign('sha256', signed, privateKey)));
  const cert = `-----BEGIN CERTIFICATE-----\n${whole.toString('base64').match(/.{1,64}/g).join('\n')}\n-----END CERTIFICATE-----\n`;
  return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) };
}

// Answers each path with its handler `(request, response)`; what was asked is kept in `asked`.
export async function elsewhere(paths) {
  const asked = [];
  const server = createServer(identity(), (request, response) => {
    asked.push({ method: request.method, path: request.url, headers: request.headers });
    const handler = paths[request.url];
    if (handler) handler(request, response);
    else response.writeHead(404, OPEN).end('nothing here');
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  server.unref();
  const host = `127.0.0.1:${server.address().port}`;
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { host, url: `https://${host}`, asked, stop };
}

// What lets every page read.
export const OPEN = { 'access-control-allow-origin': '*' };
