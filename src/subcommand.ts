const SUBCOMMANDS = ['init', 'check', 'knock'] as const;

/** What stands first on a command line that is no opening. No address is spelled like one. */
export type Subcommand = (typeof SUBCOMMANDS)[number];

export function isSubcommand(word: string | undefined): word is Subcommand {
  return (SUBCOMMANDS as readonly (string | undefined)[]).includes(word);
}
