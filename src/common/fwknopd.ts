/** Facts about fwknopd that `init` and `check` share (docs/notes/fwknopd.md). */

/** Where Debian's packages have the program. */
export const FWKNOPD = '/usr/sbin/fwknopd';

/** Where Debian's packages keep fwknopd's list of stanzas. */
export const DEFAULT_ACCESS_CONF = '/etc/fwknop/access.conf';

/** Characters of a CMD_CYCLE_OPEN: CMD_CYCLE_BUFSIZE less its end (access.h). */
export const LONGEST_COMMAND = 255;

/** Arguments after the program, as extcmd.c splits the command. */
export const MOST_ARGUMENTS = 27;

/** The lines around this program's part of access.conf and of fwknopd.conf. */
export const MARKER_BEGIN = '# >>> fwknop-mikrotik >>>';
export const MARKER_END = '# <<< fwknop-mikrotik <<<';
