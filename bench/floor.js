// The floor: the same exchange by bare Node, with no library and no check of anything but the
// fingerprint and the last reply. Nothing that runs on Node and does more can take less time.
//
//     node floor.js PORT plain|pinned FINGERPRINT SRC PROTO PORT TIMEOUT

const [port, mode, fingerprint, src, proto, service, timeout] = process.argv.slice(2);
process.exitCode = 1;

const socket =
  mode === 'plain'
    ? require('node:net').connect(port, '127.0.0.1')
    : require('node:tls').connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ca: [] });

socket.setNoDelay(true);
socket.once(mode === 'plain' ? 'connect' : 'secureConnect', () => {
  if (mode !== 'plain') {
    const seen = socket.getPeerCertificate().fingerprint256.replaceAll(':', '').toLowerCase();
    if (seen !== fingerprint) process.exit(77);
  }
  send('/login', '=name=fwknop', '=password=secret');
  socket.once('data', () => {
    send(
      '/ip/firewall/address-list/add',
      `=list=FWKNOP_${proto}_${service}`,
      `=address=${src}`,
      `=timeout=${timeout}`,
    );
    socket.once('data', (reply) => process.exit(reply.includes('=ret=*') ? 0 : 76));
  });
});

function send(...words) {
  const parts = words.map((word) => Buffer.concat([Buffer.of(word.length), Buffer.from(word)]));
  socket.write(Buffer.concat([...parts, Buffer.of(0)]));
}
