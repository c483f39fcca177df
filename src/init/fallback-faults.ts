import { serviceName } from '../access/service';
import type { Fault } from '../common/failure';
import type { Knock } from '../knock/knocks';
import { isPartOfScan } from './scans';
import type { Setup } from './setup';

const LONGEST_CONTENT = 128; // characters, the limit of Linux's string match [I]

/** Faults of the knocks of a setup, and knocks that are too weak. */
export function fallbackFaults({ fallback, services, spaPort }: Setup): readonly Fault[] {
  if (fallback === undefined) return [];
  const knocks = fallback.kind === 'payload' ? [fallback.knock] : fallback.knocks;
  const faults: Fault[] = [];
  for (const knock of knocks) {
    const isTaken = services.some((service) => serviceName(service) === serviceName(knock));
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
  // RouterOS would read it as "does not contain" [I].
  return text.startsWith('!') ? [{ what: '--payload: begins with "!"' }] : [];
}

/** A sequence that a port scan would send is as good as none. */
function scanFaults(knocks: readonly Knock[]): readonly Fault[] {
  if (knocks.length < 2) return [];
  const isAscending = knocks.every(({ protocol, port }, index) => {
    const before = knocks[index - 1];
    return before === undefined || (before.protocol === protocol && before.port <= port);
  });
  if (isAscending) {
    const hint = 'a port scan sends them in this order: change it, or mix tcp and udp';
    return [{ what: '--knocks: ports of one protocol in ascending order', hint }];
  }
  if (!isPartOfScan(knocks)) return [];
  return [
    {
      what: '--knocks: a port scan sends these one after the other',
      hint: 'choose ports at random',
    },
  ];
}
