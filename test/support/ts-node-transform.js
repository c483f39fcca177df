const { create } = require('ts-node');

// Types are checked by `npm run check`; here each file is only compiled.
const service = create({ transpileOnly: true });

module.exports = { process: (source, path) => ({ code: service.compile(source, path) }) };
