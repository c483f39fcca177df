import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { quoteRefusal } from '../check/fwknopd-config';
import { Failure } from '../common/failure';
import { DEFAULT_ACCESS_CONF, FWKNOPD } from '../common/fwknopd';
import { hasStanza } from './access-conf';

export const FWKNOPD_CONF = '/etc/fwknop/fwknopd.conf';

const PATIENCE = 10_000; // ms

/**
 * Lets fwknopd read its files before they take their places: it does not start with a file that it
 * refuses, and a restart would then end the one that runs.
 *
 * @param written the paths at which the new texts of fwknopd's files are, by the paths of these files
 * @throws Failure `config`, with fwknopd's own sentence where it is known to show no key
 */
export function testConfig(written: ReadonlyMap<string, string>): void {
  const [accessConf, conf] = [DEFAULT_ACCESS_CONF, FWKNOPD_CONF].map(
    (path) => written.get(path) ?? path,
  );
  if (accessConf === undefined || conf === undefined || !existsSync(FWKNOPD)) return;
  if (!existsSync(conf) || !hasStanza(readFileSync(accessConf, 'utf8'))) return;
  const args = ['--exit-parse-config', '-f', '-a', accessConf, '-c', conf];
  const { status, stdout, stderr } = spawnSync(FWKNOPD, args, {
    cwd: '/',
    env: {},
    encoding: 'utf8',
    timeout: PATIENCE,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (status === 0 || status === null) return;
  let said = quoteRefusal(stderr + stdout) ?? 'it says no more';
  for (const [path, temporary] of written) said = said.replaceAll(temporary, path);
  throw new Failure(
    'config',
    `fwknopd would refuse its new configuration: ${said}`,
    `nothing is changed; correct ${DEFAULT_ACCESS_CONF} first`,
  );
}
