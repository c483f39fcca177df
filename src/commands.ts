import { run as check } from './check/check';
import { say } from './cli/report';
import { run as client } from './client/client';
import { asFailure, EXIT, faultText } from './common/failure';
import { run as init } from './init/init';
import { run as install } from './install/install';
import { run as knock } from './knock/knock';

const COMMANDS = { init, install, client, check, knock };

/**
 * Runs what people type: everything but an opening. It alone owns the exit status of these, and it
 * is a build of its own, so that an opening has none of it to load.
 *
 * @param argv the command line that follows the subcommand
 */
export async function runCommand(
  name: keyof typeof COMMANDS,
  argv: readonly string[],
): Promise<void> {
  process.exitCode = EXIT.bug.status;
  try {
    process.exitCode = await COMMANDS[name](argv);
  } catch (error) {
    const failure = asFailure(error);
    for (const fault of failure.faults) say(faultText(fault));
    process.exitCode = EXIT[failure.kind].status;
  }
}
