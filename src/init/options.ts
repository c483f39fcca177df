import { isPrivate, networkText, parseAddress, parseNetwork, unfitSource } from '../access/address';
import { parseService, serviceName } from '../access/service';
import { type Options, type SplitCommandLine, splitCommandLine } from '../cli/arguments';
import { Failure, type Fault, faultText } from '../common/failure';
import { LONGEST_COMMAND } from '../common/fwknopd';
import { isPrintable, quote } from '../common/text';
import { BadValue, readValue } from '../common/values';
import * as setting from '../config/settings';
import { openCommand } from './client-files';
import { fallbackFaults } from './fallback-faults';
import { addressNumber, FALLBACK_READERS, FALLBACK_TEXTS, makeFallback } from './fallback-options';
import { isHost, type PublishedService, type Setup } from './setup';
import type { ThisHost } from './this-host';

const TEXT_OPTIONS = [
  'router',
  'fwknopd',
  'container',
  'server',
  'service',
  'client',
  'name',
  'wan',
  'wan-interface',
  'spa-port',
  'helper',
  'out',
  ...FALLBACK_TEXTS,
] as const;
const SWITCHES = ['sliding', 'one-list', 'regexp', 'qr', 'force', 'undo', 'help'] as const;

export const DEFAULT_WAN = 'WAN';
export const DEFAULT_SPA_PORT = 62201;
export const DEFAULT_HELPER = '/usr/bin/fwknop-mikrotik';
export const DEFAULT_OUT = 'fwknop-setup';

const DEFAULT_PREFIX = 24; // bits of a LAN's network
const LONGEST_CLIENT = 20; // characters, by setting.clientName
const LONGEST_COMMON_NAME = 64; // characters, X.509

type TextOption = (typeof TEXT_OPTIONS)[number];
type InitCommandLine = SplitCommandLine<TextOption, (typeof SWITCHES)[number]>;
type Texts = InitCommandLine['texts'];

/** A required option, and its question. */
export interface Question {
  readonly option: 'router' | 'fwknopd' | 'server' | 'service';
  readonly question: string;
  /** A value for the hint of a command line that lacks the option. */
  readonly example: string;
  /** The value of an empty answer; undefined where this host does not tell one. */
  readonly defaultAnswer: string | undefined;
}

/** The options, for the parser and for the completion of bash. */
export const OPTIONS: Options<TextOption, (typeof SWITCHES)[number]> = {
  texts: TEXT_OPTIONS,
  repeatable: ['service', 'client'],
  switches: SWITCHES,
  help: 'fwknop-mikrotik init --help',
};

/** Takes the command line apart. @throws Failure `usage` */
export async function readCommandLine(argv: readonly string[]): Promise<InitCommandLine> {
  const commandLine = await splitCommandLine(argv, OPTIONS);
  if (commandLine.positionals.length > 0) {
    throw new Failure('usage', 'init takes options only', `see ${OPTIONS.help}`);
  }
  return commandLine;
}

/** The questions that the command line leaves open, in the order of asking. */
export function openQuestions(texts: Texts, host: ThisHost): readonly Question[] {
  const [fwknopd] = texts.get('fwknopd') ?? [];
  const gateway = host.gateway === fwknopd ? undefined : host.gateway;
  const example = (first: string, second: string, taken: string | undefined) =>
    first === taken ? second : first;
  const [router = gateway ?? example('192.168.88.1', '192.168.88.2', fwknopd)] =
    texts.get('router') ?? [];
  const own = host.addresses.find((address) => address !== router);
  const questions: readonly Question[] = [
    {
      option: 'router',
      question: "the router's address in your network",
      example: router,
      defaultAnswer: gateway,
    },
    {
      option: 'fwknopd',
      question: 'the IPv4 address of the host that runs fwknopd',
      example: own ?? example('192.168.88.50', '192.168.88.51', router),
      defaultAnswer: own,
    },
    {
      option: 'server',
      question: 'the name or address of the router on the Internet, for your clients',
      example: 'fw.example.com',
      defaultAnswer: undefined,
    },
    {
      option: 'service',
      question: 'services to open: tcp/22 of the router, tcp/443=192.168.88.10 of a host behind it',
      example: 'tcp/22',
      defaultAnswer: undefined,
    },
  ];
  return questions.filter(
    ({ option }) => !texts.has(option) && !(option === 'fwknopd' && texts.has('container')),
  );
}

/** Adds an answer to the options. @throws BadValue where it is none, or contradicts another option */
export function withAnswer(
  texts: Texts,
  { option, defaultAnswer = '' }: Question,
  answer: string,
): Texts {
  const values = [answer === '' ? defaultAnswer : answer];
  READERS[option](values);
  const all = new Map([...texts, [option, values]]);
  const [contradiction] = contradictions({
    router: given(all, 'router', ''),
    fwknopd: given(all, 'fwknopd', ''),
    services: given(all, 'service', []),
    spaPort: given(all, 'spa-port', DEFAULT_SPA_PORT),
    container: undefined,
  });
  if (contradiction !== undefined) throw new BadValue(faultText(contradiction));
  return all;
}

/**
 * Reads the options into a setup.
 *
 * @throws Failure `usage`, with everything that is missing and everything that is wrong
 */
export function readSetup(
  { texts, switches }: Pick<InitCommandLine, 'texts' | 'switches'>,
  host: ThisHost,
): Setup {
  const faults: Fault[] = openQuestions(texts, host).map(({ option, example }) => ({
    what: `--${option}: missing`,
    hint: `for example --${option} ${example}`,
  }));
  const read = <O extends keyof typeof READERS, D>(option: O, unless: D) =>
    given(texts, option, unless, faults);
  const container = read('container', undefined);
  const setup: Setup = {
    router: read('router', ''),
    fwknopd: container?.address ?? read('fwknopd', ''),
    server: read('server', ''),
    services: read('service', []),
    clients: read('client', [defaultClient(host.name)]),
    name: read('name', undefined),
    wan: readWan(texts, faults),
    spaPort: read('spa-port', DEFAULT_SPA_PORT),
    sliding: switches.has('sliding'),
    oneList: switches.has('one-list'),
    helper: read('helper', texts.has('container') ? DEFAULT_HELPER : defaultHelper(host)),
    fallback: makeFallback(
      {
        kind: read('fallback', undefined),
        knocks: read('knocks', undefined),
        payload: read('payload', undefined),
        always: read('always', undefined),
        layer7: switches.has('regexp'),
      },
      [...texts.keys(), ...switches],
      faults,
    ),
    container,
  };
  faults.push(...contradictions(setup), ...containerFaults(texts, setup), ...fallbackFaults(setup));
  if (faults.length > 0) throw new Failure('usage', faults);
  return setup;
}

/** Reads an option that may be missing or bad, and adds its fault to `faults`. */
function given<O extends keyof typeof READERS, D>(
  texts: Texts,
  option: O,
  unless: D,
  faults: Fault[] = [],
): ReturnType<(typeof READERS)[O]> | D {
  const values = texts.get(option);
  if (values === undefined) return unless;
  const reader = READERS[option] as (values: readonly string[]) => ReturnType<(typeof READERS)[O]>;
  return readValue(faults, `--${option}`, values, reader) ?? unless;
}

/** The options that are good by themselves and do not fit together. */
function contradictions({
  router,
  fwknopd,
  services,
  spaPort,
  container,
}: Pick<Setup, 'router' | 'fwknopd' | 'services' | 'spaPort' | 'container'>): readonly Fault[] {
  const faults: Fault[] = [];
  if (fwknopd !== '' && fwknopd === router) {
    const [option, hint] =
      container === undefined
        ? ['--fwknopd', 'name the host that runs fwknopd']
        : ['--container', 'name a free address of the LAN'];
    faults.push({ what: `${option} ${fwknopd}: this is the router`, hint });
  }
  for (const service of services.filter(({ inside }) => inside?.host === router)) {
    const what = `--service ${serviceName(service)}=${router}: this is the router`;
    faults.push({ what, hint: `write the router's own port: --service ${service.protocol}/PORT` });
  }
  if (services.some(({ protocol, port }) => protocol === 'udp' && port === spaPort)) {
    faults.push({
      what: `--service udp/${spaPort}: this port takes the SPA packets`,
      hint: 'choose another port for them: --spa-port',
    });
  }
  return faults;
}

/** The container's image has the program at its own path, and its network one of the router's addresses. */
function containerFaults(texts: Texts, { router, fwknopd, container }: Setup): readonly Fault[] {
  if (!texts.has('container')) return [];
  const faults: Fault[] = (['fwknopd', 'helper'] as const)
    .filter((option) => texts.has(option))
    .map((option) => ({ what: `--${option}: cannot be combined with --container` }));
  if (router !== '' && !isHost(router)) {
    faults.push({ what: `--router ${router}: with --container expected an IPv4 address` });
  } else if (router !== '' && container !== undefined) {
    const [own, lan] = [fwknopd, router].map((text) => networkOf(text, container.prefix));
    if (own !== lan) {
      const what = `--container ${fwknopd}/${container.prefix}: the router ${router} is not in this network`;
      faults.push({ what, hint: "name a free address of the LAN, and the LAN's prefix length" });
    }
  }
  return faults;
}

function networkOf(text: string, prefix: number): string {
  return networkText({ address: { family: 4, text }, prefix });
}

/** Faults of a setup that may be meant. */
export function warningsOf({ server }: Setup): readonly Fault[] {
  const address = parseAddress(server);
  if (address === undefined || !(isPrivate(address) || unfitSource(address))) return [];
  return [
    {
      what: `--server ${server}: a private address, which clients on the Internet cannot reach`,
      hint: 'name the public address of the router',
    },
  ];
}

function readWan(texts: Texts, faults: Fault[]): Setup['wan'] {
  if (texts.has('wan') && texts.has('wan-interface')) {
    faults.push({ what: '--wan-interface: contradicts --wan' });
  }
  const name = given(texts, 'wan-interface', undefined, faults);
  if (name !== undefined) return { kind: 'interface', name };
  return { kind: 'list', name: given(texts, 'wan', DEFAULT_WAN, faults) };
}

/** Every reader takes the values of its option and throws BadValue. */
export const READERS = {
  router: ([value]: readonly string[]) => {
    const router = addressOrName(value);
    if (router.length > LONGEST_COMMON_NAME) {
      throw new BadValue(`expected at most ${LONGEST_COMMON_NAME} characters`);
    }
    return router;
  },
  fwknopd: ([value = '']: readonly string[]) => {
    if (!isHost(value)) throw new BadValue('expected an IPv4 address');
    return value;
  },
  container: ([value = '']: readonly string[]) => {
    const network = parseNetwork(value.includes('/') ? value : `${value}/${DEFAULT_PREFIX}`);
    if (network === undefined || !isHost(network.address.text) || network.prefix < 8) {
      throw new BadValue('expected an IPv4 address of the LAN, such as 192.168.88.5/24');
    }
    const [address, prefix] = [network.address.text, network.prefix];
    const size = 2 ** (32 - prefix);
    if (size > 2 && [0, size - 1].includes(addressNumber(address) % size)) {
      throw new BadValue(`${address}/${prefix} is the first or last address of its network`);
    }
    return { address, prefix };
  },
  server: ([value]: readonly string[]) => addressOrName(value),
  service: (values: readonly string[]) => {
    const services = splitList(values, /[\s,]+/).map(readService);
    refuseRepetition(services.map(serviceName));
    return services;
  },
  client: (values: readonly string[]) => {
    const clients = splitList(values, ',').map(setting.clientName);
    refuseRepetition(clients);
    return clients;
  },
  name: ([value]: readonly string[]) => setting.clientName(value),
  wan: ([value]: readonly string[]) => interfaceName(value),
  'wan-interface': ([value]: readonly string[]) => interfaceName(value),
  'spa-port': ([value]: readonly string[]) => setting.port(value),
  helper: ([value = '']: readonly string[]) => {
    // fwknopd splits at white space, ends at a semicolon, and knows no escape for a dollar.
    if (!/^\/[^\s;$]+$/.test(value) || !isPrintable(value)) {
      throw new BadValue('expected an absolute path without white space, ";" and "$"');
    }
    const longest = LONGEST_COMMAND - openCommand('', 'x'.repeat(LONGEST_CLIENT)).length;
    if (value.length > longest) {
      throw new BadValue(`expected at most ${longest} characters: fwknopd takes no more`);
    }
    return value;
  },
  out: ([value]: readonly string[]) => setting.path(value),
  ...FALLBACK_READERS,
};

/** The values of a repeatable option; each may be a list. */
function splitList(values: readonly string[], separator: string | RegExp): readonly string[] {
  return values.flatMap((value) => value.split(separator));
}

function refuseRepetition(names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new BadValue(`${twice} is given twice`);
}

/** The client of a setup that names none: this host, where its name can be one. */
function defaultClient(host: string): string {
  const [name] = host.toLowerCase().split('.');
  return readValue([], '', name, setting.clientName) ?? 'client';
}

/** The program on the fwknopd host: the one that runs now, unless fwknopd could not run it. */
function defaultHelper({ program }: ThisHost): string {
  return readValue([], '', [program ?? ''], READERS.helper) ?? DEFAULT_HELPER;
}

/** The name of an interface, or of a list of them. */
function interfaceName(value: unknown): string {
  const name = setting.filledText(value);
  // The router would take it for every other one.
  if (name.startsWith('!')) throw new BadValue('expected a name without "!" before it');
  return name;
}

function addressOrName(value: unknown): string {
  const host = setting.host(value);
  if (host.includes(':')) throw new BadValue('expected an IPv4 address or a host name');
  return host;
}

/** Reads `tcp/22`, `tcp/443=192.168.88.10` or `tcp/443=192.168.88.10:8443`. */
function readService(text: string): PublishedService {
  const [, name = '', target] = /^([^=]*)(?:=(.*))?$/s.exec(text) ?? [];
  const [, host = '', insidePort] = /^([^:]*)(?::(.*))?$/s.exec(target ?? '') ?? [];
  const service = parseService(name);
  if (service === undefined || (target !== undefined && !isHost(host))) {
    throw new BadValue(
      `expected services such as tcp/22, tcp/443=192.168.88.10 or tcp/443=192.168.88.10:8443, not ${quote(text)}`,
    );
  }
  if (target === undefined) return { ...service, inside: undefined };
  const port = insidePort === undefined ? service.port : setting.port(insidePort);
  return { ...service, inside: { host, port } };
}
