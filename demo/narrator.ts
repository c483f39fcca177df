const BOLD = '\x1b[1m';
const DIM = '\x1b[2m';
const RESET = '\x1b[0m';
const COLOURS = {
  client: '\x1b[36m',
  fwknopd: '\x1b[33m',
  log: '\x1b[32m',
  router: '\x1b[35m',
} as const;

/** The one that acts in a line. */
export type Actor = keyof typeof COLOURS;

/** Prints the demo: in colours on a terminal, plain elsewhere. */
export interface Narrator {
  title(text: string): void;
  /** A line, with the time since the start. */
  say(actor: Actor, text: string): void;
  note(text: string): void;
}

export function narrator(isColoured: boolean): Narrator {
  const start = performance.now();
  const styled = (style: string, text: string) => (isColoured ? style + text + RESET : text);
  return {
    title: (text) => console.log(`\n${styled(BOLD, text)}`),
    say: (actor, text) => {
      const time = ((performance.now() - start) / 1000).toFixed(1);
      const head = styled(DIM, `${time.padStart(4)} s`);
      console.log(`${head}  ${styled(COLOURS[actor], actor.padEnd(7))}  ${text}`);
    },
    note: (text) => console.log(styled(DIM, text)),
  };
}
