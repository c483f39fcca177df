import { resolve } from 'node:path';

/** The executable under test: this checkout's, or the one named, such as an installed package's. */
export const EXECUTABLE =
  process.env.FWKNOP_MIKROTIK ?? resolve(__dirname, '../../bin/fwknop-mikrotik');

/** The Node that runs it where a command line names one. */
export const NODE = process.env.FWKNOP_MIKROTIK_NODE ?? process.execPath;
