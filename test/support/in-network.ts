import { whyNoNetwork } from '../../simulator/firewall/network';
import { leftOut } from './left-out';

/** Gives `describe` where the simulator's network can be; elsewhere leaves the tests out, loudly. */
export function describeInNetwork(what: string): typeof describe | typeof describe.skip {
  const why = whyNoNetwork();
  if (why === undefined) return describe;
  leftOut(what, why);
  return describe.skip;
}
