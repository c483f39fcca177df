import { serviceName } from '../access/service';
import type { Fault } from '../common/failure';
import type { Knock } from '../knock/knocks';
import type { Setup } from './setup';

const LONGEST_CONTENT = 128; // characters, the limit of Linux's string match [I]

/** What is wrong with the knocks of a set-up, or too weak in them: each fault is one of usage. */
export function fallbackFaults({ fallback, services: doors, spaPort }: Setup): readonly Fault[] {
  if (fallback === undefined) return [];
  const knocks = fallback.kind === 'payload' ? [fallback.knock] : fallback.knocks;
  const faults: Fault[] = [];
  for (const knock of knocks) {
    const isTaken = doors.some((service) => serviceName(service) === serviceName(knock));
    const isSpa = knock.protocol === 'udp' && knock.port === spaPort;
    if (isTaken || isSpa) {
      const what = `--knocks: ${serviceName(knock)} is a service's port, or that of SPA packets`;
      faults.push({ what, hint: 'knock where nothing listens' });
    }
    if (fallback.kind !== 'sequence' && knock.protocol === 'tcp') {
      const what = `--knocks: ${serviceName(knock)} cannot carry a ${fallback.kind}`;
      faults.push({ what, hint: 'use UDP' });
    }
  }
  if (fallback.kind === 'payload') faults.push(...textFaults(fallback.text));
  if (fallback.kind !== 'payload' && knocks.length < 2) {
    faults.push({ what: `--knocks: a ${fallback.kind} needs two knocks or more` });
  }
  if (fallback.kind === 'sequence') faults.push(...scanFaults(knocks));
  return faults;
}

function textFaults(text: string): readonly Fault[] {
  if (text.length > LONGEST_CONTENT) {
    return [{ what: `--payload: longer than ${LONGEST_CONTENT} characters` }];
  }
  // RouterOS would take it for "does not contain" [I].
  return text.startsWith('!') ? [{ what: '--payload: begins with "!"' }] : [];
}

/**
 * The orders that a scan sends: upwards, and port by port in any direction, by one protocol or both in
 * turn, where nothing lies between two knocks that the penalty could see.
 */
function scanFaults(knocks: readonly Knock[]): readonly Fault[] {
  const steps = knocks.slice(1).map((knock, index) => ({
    up: knock.port - (knocks[index]?.port ?? 0),
    isSame: knock.protocol === knocks[index]?.protocol,
  }));
  if (steps.length === 0) return [];
  const hint = 'a port scan sends them in this order: change it, or mix tcp and udp';
  if (steps.every(({ up, isSame }) => isSame && up >= 0)) {
    return [{ what: '--knocks: ports of one protocol in ascending order', hint }];
  }
  if (steps.every(({ up }) => Math.abs(up) <= 1)) {
    const apart = 'a port scan sends them one after the other: choose ports far apart';
    return [{ what: '--knocks: neighbouring ports', hint: apart }];
  }
  return [];
}
