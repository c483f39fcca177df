import { join, resolve } from 'node:path';
import { serviceName } from '../access/service';
import { shellWord } from '../common/text';
import { stanzaName } from './client-files';
import { containerSteps } from './container-steps';
import type { Setup } from './setup';
import type { ThisHost } from './this-host';

/** A step that is left: headings, each with lines that can be pasted as they are. */
export type Step = readonly (readonly [heading: string, ...lines: readonly string[]])[];

const IMPORT = '/import file-name=router.rsc; /file/remove router.rsc';
const COPY = 'fwknop-setup'; // in the home directory of the fwknopd host

/**
 * Says which steps are left when the files are written.
 *
 * @param out the directory of the files
 */
export function remainingSteps(setup: Setup, out: string, host: ThisHost): string {
  const directory = resolve(out);
  const isHere = host.addresses.includes(setup.fwknopd) || setup.fwknopd.startsWith('127.');
  const steps: readonly Step[] = [
    routerStep(setup, directory),
    ...(setup.container === undefined
      ? [installStep(setup, directory, isHere)]
      : containerSteps(setup, setup.container.prefix, directory)),
    clientStep(setup),
    knockStep(setup),
    ...fallbackSteps(setup),
    deletionStep(setup, directory, isHere || setup.container !== undefined),
  ];
  const texts = steps.map((step, index) => {
    const [[heading, ...lines] = [''], ...others] = step;
    const parts = [[`${index + 1}. ${heading}`, ...lines], ...others];
    return parts.map(([title, ...pasted]) => `${title}\n\n${pasted.join('\n')}\n`).join('\n');
  });
  return `The files are in ${directory}. These steps are left:\n\n${texts.join('\n')}`;
}

function routerStep({ router }: Setup, directory: string): Step {
  return [
    [
      'On the router: import router.rsc. It prints the fingerprint of its certificate.',
      `scp ${shellWord(join(directory, 'router.rsc'))} admin@${router}:router.rsc`,
      `ssh admin@${router} '${IMPORT}'`,
    ],
    ['Or in WinBox: drag router.rsc to Files, open New Terminal, and paste there:', IMPORT],
  ];
}

function installStep({ fwknopd, helper }: Setup, directory: string, isHere: boolean): Step {
  const heading =
    'On the fwknopd host: install the files, pin the fingerprint, start fwknopd, and check.';
  if (isHere) {
    // sudo looks in these directories.
    const isFound = /^\/usr(?:\/local)?\/bin\/fwknop-mikrotik$/.test(helper);
    const program = isFound ? 'fwknop-mikrotik' : shellWord(helper);
    return [[heading, `sudo ${program} install ${shellWord(directory)}`]];
  }
  return [
    [
      heading,
      `scp -rp ${shellWord(directory)} ${fwknopd}:${COPY}`,
      `ssh -t ${fwknopd} sudo fwknop-mikrotik install ${COPY}`,
    ],
  ];
}

function clientStep({ clients }: Setup): Step {
  return [
    [
      'On each client: copy its directory there and add the stanzas; on a phone, scan phone.svg\nwith the app Fwknop2.',
      ...clients.map((client) => `cat ${client}/fwknoprc >> ~/.fwknoprc && chmod 600 ~/.fwknoprc`),
    ],
  ];
}

function knockStep(setup: Setup): Step {
  const names = setup.services.map((service) => stanzaName(setup, service));
  return [
    [
      'From outside your network, such as a phone without Wi-Fi: knock, then connect.',
      ...(setup.oneList ? names.slice(0, 1) : names).map((name) => `fwknop -n ${name}`),
    ],
  ];
}

function fallbackSteps({ server, fallback }: Setup): readonly Step[] {
  if (fallback === undefined) return [];
  const knocks = fallback.kind === 'payload' ? [fallback.knock] : fallback.knocks;
  const payload = { sequence: '', payload: ' --payload TEXT', secret: ' --secret' }[fallback.kind];
  const command = `fwknop-mikrotik knock ${server} ${knocks.map(serviceName).join(' ')}${payload}`;
  return [[['Whenever the fwknopd host is down:', command]]];
}

function deletionStep({ fwknopd }: Setup, directory: string, isHere: boolean): Step {
  return [
    [
      'When all of it works, delete the directory: it holds the keys and the password.',
      `rm -r ${shellWord(directory)}`,
      ...(isHere ? [] : [`ssh ${fwknopd} rm -r ${COPY}`]),
    ],
  ];
}
