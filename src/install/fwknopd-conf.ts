import { mark } from './markers';

/**
 * The lines of fwknopd.conf that make fwknopd listen, with markers around them. They go to the end of
 * the file: the last line of a name counts. Debian 13 enables NFQ capture, which fwknopd prefers to
 * its UDP server, and then hears nothing.
 *
 * @param spaPort the UDP port of SPA packets
 */
export function listenLines(spaPort: number): string {
  return mark(`ENABLE_NFQ_CAPTURE N;\nENABLE_UDP_SERVER Y;\nUDPSERV_PORT ${spaPort};\n`);
}
