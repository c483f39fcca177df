import { hostname } from 'node:os';
import { serviceName } from '../access/service';
import { type Options, type SplitCommandLine, splitCommandLine } from '../cli/arguments';
import { Failure, type Fault } from '../common/failure';
import { LONGEST_COMMAND } from '../common/fwknopd';
import { isPrintable, quote } from '../common/text';
import { BadValue, readValue } from '../common/values';
import * as setting from '../config/settings';
import { openCommand } from './client-files';
import { fallbackFaults } from './fallback-faults';
import {
  FALLBACK_READERS,
  FALLBACK_TEXTS,
  type FallbackText,
  makeFallback,
} from './fallback-options';
import { isHost, type PublishedService, type Setup } from './setup';

const TEXT_OPTIONS = [
  'router',
  'fwknopd',
  'server',
  'service',
  'client',
  'name',
  'wan',
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

const LONGEST_CLIENT = 20; // characters, by setting.clientName
const LONGEST_COMMON_NAME = 64; // characters, X.509

type TextOption = (typeof TEXT_OPTIONS)[number];
type InitCommandLine = SplitCommandLine<TextOption, (typeof SWITCHES)[number]>;
type Texts = InitCommandLine['texts'];

/** What nothing can stand for, and how to ask for it. */
export interface Question {
  readonly option: Exclude<TextOption, FallbackText>;
  readonly question: string;
  /** What an empty answer stands for. */
  readonly defaultAnswer: string;
}

/** In the order of asking. */
export const QUESTIONS: readonly Question[] = [
  {
    option: 'router',
    question: "the router's address in your network",
    defaultAnswer: '192.168.88.1',
  },
  {
    option: 'fwknopd',
    question: 'the IPv4 address of the machine that runs fwknopd',
    defaultAnswer: '192.168.88.50',
  },
  {
    option: 'server',
    question: 'the name or address of the router on the Internet, for your clients',
    defaultAnswer: 'fw.example.com',
  },
  {
    option: 'service',
    question: 'services to open, such as tcp/22 tcp/443=192.168.88.10',
    defaultAnswer: 'tcp/22',
  },
];

/** Takes the command line apart. @throws Failure `usage` */
export async function readCommandLine(argv: readonly string[]): Promise<InitCommandLine> {
  const options: Options<TextOption, (typeof SWITCHES)[number]> = {
    texts: TEXT_OPTIONS,
    repeatable: ['service', 'client'],
    switches: SWITCHES,
    help: 'fwknop-mikrotik init --help',
  };
  const commandLine = await splitCommandLine(argv, options);
  if (commandLine.positionals.length > 0) {
    throw new Failure('usage', 'init takes options only', `see ${options.help}`);
  }
  return commandLine;
}

/** The questions that the command line leaves open. */
export function openQuestions(texts: Texts): readonly Question[] {
  return QUESTIONS.filter(({ option }) => !texts.has(option));
}

/** Puts an answer among the options. @throws BadValue, where it is none */
export function withAnswer(
  texts: Texts,
  { option, defaultAnswer: fallback }: Question,
  answer: string,
): Texts {
  const text = answer === '' ? fallback : answer;
  const values = option === 'service' ? text.split(/[\s,]+/) : [text];
  READERS[option](values);
  return new Map([...texts, [option, values]]);
}

/**
 * Reads the options into a set-up.
 *
 * @throws Failure `usage`, with all that is missing and all that is wrong at once
 */
export function readSetup({ texts, switches }: Pick<InitCommandLine, 'texts' | 'switches'>): Setup {
  const faults: Fault[] = openQuestions(texts).map(({ option, defaultAnswer: fallback }) => ({
    what: `--${option}: missing`,
    hint: `for example --${option} ${fallback}`,
  }));
  const read = <T>(option: TextOption, reader: (values: readonly string[]) => T, unless: T): T => {
    const values = texts.get(option);
    return values === undefined
      ? unless
      : (readValue(faults, `--${option}`, values, reader) ?? unless);
  };
  const setup: Setup = {
    router: read('router', READERS.router, ''),
    fwknopd: read('fwknopd', READERS.fwknopd, ''),
    server: read('server', READERS.server, ''),
    services: read('service', READERS.service, []),
    clients: read('client', READERS.client, [defaultClient()]),
    name: read('name', READERS.name, undefined),
    wan: read('wan', READERS.wan, DEFAULT_WAN),
    spaPort: read('spa-port', READERS['spa-port'], DEFAULT_SPA_PORT),
    sliding: switches.has('sliding'),
    oneList: switches.has('one-list'),
    helper: read('helper', READERS.helper, DEFAULT_HELPER),
    fallback: makeFallback(
      {
        kind: read('fallback', FALLBACK_READERS.fallback, undefined),
        knocks: read('knocks', FALLBACK_READERS.knocks, undefined),
        payload: read('payload', FALLBACK_READERS.payload, undefined),
        always: read('always', FALLBACK_READERS.always, undefined),
        layer7: switches.has('regexp'),
      },
      [...texts.keys(), ...switches],
      faults,
    ),
  };
  faults.push(...fallbackFaults(setup));
  const taken = setup.services.some(
    ({ protocol, port }) => protocol === 'udp' && port === setup.spaPort,
  );
  if (taken) {
    faults.push({
      what: `--service udp/${setup.spaPort}: this port takes the SPA packets`,
      hint: 'choose another one for them: --spa-port',
    });
  }
  if (faults.length > 0) throw new Failure('usage', faults);
  return setup;
}

/** Every reader takes the values of its option and throws BadValue. */
const READERS = {
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
  server: ([value]: readonly string[]) => addressOrName(value),
  service: (values: readonly string[]) => {
    const services = values.map(readService);
    refuseRepetition(services.map(serviceName));
    return services;
  },
  client: (values: readonly string[]) => {
    const clients = values.map(setting.clientName);
    refuseRepetition(clients);
    return clients;
  },
  name: ([value]: readonly string[]): string | undefined => setting.clientName(value),
  wan: ([value]: readonly string[]) => {
    const name = setting.filledText(value);
    // The router would take it for every other list.
    if (name.startsWith('!')) throw new BadValue('expected a name without "!" before it');
    return name;
  },
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
};

function refuseRepetition(names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new BadValue(`${twice} is given twice`);
}

/** The client of a setup that names none: this host, where its name can be one. */
export function defaultClient(host = hostname()): string {
  const [name] = host.toLowerCase().split('.');
  return readValue([], '', name, setting.clientName) ?? 'client';
}

function addressOrName(value: unknown): string {
  const host = setting.host(value);
  if (host.includes(':')) throw new BadValue('expected an IPv4 address or a host name');
  return host;
}

/** Reads `tcp/22`, `tcp/443=192.168.88.10` or `tcp/443=192.168.88.10:8443`. */
function readService(text: string): PublishedService {
  const [, name = '', target] = /^([^=]*)(?:=(.*))?$/s.exec(text) ?? [];
  const [service] = setting.services([name]);
  const [, host = '', insidePort] = /^([^:]*)(?::(.*))?$/s.exec(target ?? '') ?? [];
  const isOnePort = service !== undefined && service.firstPort === service.lastPort;
  if (!isOnePort || (target !== undefined && !isHost(host))) {
    throw new BadValue(
      `expected services such as tcp/22, tcp/443=192.168.88.10 or tcp/443=192.168.88.10:8443, not ${quote(text)}`,
    );
  }
  const { protocol, firstPort: port } = service;
  if (target === undefined) return { protocol, port, inside: undefined };
  return {
    protocol,
    port,
    inside: { host, port: insidePort === undefined ? port : setting.port(insidePort) },
  };
}
