import type { Stanza } from './access-conf';
import { checkCommand, type HelperCommand, programOf } from './command';
import type { Finding } from './output';

const LONGEST_TIMER = 8388608; // seconds, measured with fwknopd 2.6.10

/** What is without effect where a command opens (incoming_spa.c). */
const WITHOUT_EFFECT = [
  'OPEN_PORTS',
  'RESTRICT_PORTS',
  'FW_ACCESS_TIMEOUT',
  'MAX_FW_TIMEOUT',
  'CMD_EXEC_USER',
];

export function isOurs(stanza: Stanza): boolean {
  return programOf(stanza.variables.get('CMD_CYCLE_OPEN')) !== undefined;
}

/** Judges a stanza that runs this program, as far as its text goes. */
export async function checkStanza(
  stanza: Stanza,
): Promise<{ command: HelperCommand; findings: readonly Finding[] }> {
  const open = stanza.variables.get('CMD_CYCLE_OPEN') ?? stanza.source;
  const head = programOf(open) ?? [];
  const { config, findings } = await checkCommand(open, head);
  const others = [checkClose(stanza), checkTimer(stanza), checkSource(stanza)];
  return {
    command: { place: open.place, program: head, config },
    findings: [...findings, ...others, ...checkUseless(stanza)],
  };
}

function checkClose({ source, variables: settings }: Stanza): Finding {
  const step = 'CMD_CYCLE_CLOSE';
  const close = settings.get(step);
  const hint = `write ${step} NONE: the router's own timer closes`;
  if (close === undefined) {
    const what = `${source.place}: not set: fwknopd does not start without it`;
    return { status: 'FAIL', step, what, hint };
  }
  // fwknopd compares four characters.
  if (close.value.startsWith('NONE')) return { status: 'ok', step, what: `${close.place}: NONE` };
  return { status: 'FAIL', step, what: `${close.place}: fwknopd would run it as a command`, hint };
}

function checkTimer({ source, variables: settings }: Stanza): Finding {
  const step = 'CMD_CYCLE_TIMER';
  const timer = settings.get(step);
  if (timer === undefined) {
    return {
      status: 'warn',
      step,
      what: `${source.place}: not set: who asks for no time gets default-timeout`,
      hint: `write ${step} 30`,
    };
  }
  // fwknopd takes 1e3 for 1.
  const seconds = /^\d+\s*$/.test(timer.value) ? Number(timer.value) : 0;
  if (seconds < 1 || seconds > LONGEST_TIMER) {
    const what = `${timer.place}: no number of seconds, 1-${LONGEST_TIMER}`;
    return { status: 'FAIL', step, what, hint: `write ${step} 30` };
  }
  return { status: 'ok', step, what: `${timer.place}: ${seconds} s, for who asks for no time` };
}

function checkSource({ source, variables: settings }: Stanza): Finding {
  const step = 'REQUIRE_SOURCE_ADDRESS';
  const required = settings.get(step);
  if (required !== undefined && /^y/i.test(required.value)) {
    return { status: 'ok', step, what: `${required.place}: Y` };
  }
  return {
    status: 'warn',
    step,
    what: `${(required ?? source).place}: not Y: a client may leave its address to the packet, which anybody on the way can change`,
    hint: `write ${step} Y`,
  };
}

function checkUseless({ variables: settings }: Stanza): readonly Finding[] {
  return WITHOUT_EFFECT.flatMap((step) => {
    const setting = settings.get(step);
    if (setting === undefined) return [];
    const what = `${setting.place}: without effect on a command`;
    const hint = 'set services and max-timeout under [grant] in the configuration';
    return [{ status: 'warn' as const, step, what, hint }];
  });
}
