/**
 * Builds the program: one file with its dependencies inside, at the lockfile's versions, so that
 * nothing is compiled or looked up on a knock and nobody's `npm install` can choose other ones.
 */
import { buildSync } from 'esbuild';

buildSync({
  absWorkingDir: __dirname,
  entryPoints: ['src/main.ts'],
  outfile: 'dist/main.js',
  bundle: true,
  platform: 'node',
  target: 'node18.19',
  format: 'cjs',
  // routeros-client asks for it when ENV=testing only, which src/router/session.ts rules out.
  external: ['source-map-support'],
  logLevel: 'warning',
});
