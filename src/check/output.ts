import { EXIT, Failure, type FailureKind, type Fault } from '../common/failure';
import { printable } from '../common/text';

/** How a step went; `skip` is one that could not be tried. */
export type Mark = 'ok' | 'warn' | 'FAIL' | 'skip';

/** What a step found. */
export interface Finding extends Fault {
  readonly mark: Exclude<Mark, 'skip'>;
  /** What was looked at. */
  readonly step: string;
}

const WIDTH = 6; // characters of the column of marks
const COLOURS: Readonly<Record<Mark, number>> = { ok: 32, warn: 33, FAIL: 31, skip: 2 };

/** Puts the line of a step together, and the line of its mend. Foreign text is made printable. */
export function renderStep(mark: Mark, text: string, mend?: string, isColoured = false): string {
  const shown = isColoured ? `\x1b[${COLOURS[mark]}m${mark}\x1b[0m` : mark;
  const line = `${shown}${' '.repeat(WIDTH - mark.length)}${printable(text)}\n`;
  return mend === undefined ? line : `${line}${' '.repeat(WIDTH)}mend: ${printable(mend)}\n`;
}

/** The whole of a check: prints each step as soon as it is known, and keeps the exit status. */
export class Report {
  #status: number = EXIT.open.status;

  constructor(
    private readonly print: (text: string) => void,
    private readonly isColoured: boolean,
  ) {}

  /** That of the first failure; 0 as long as there is none. */
  get status(): number {
    return this.#status;
  }

  /** The steps about one thing, such as a router; each line begins with its name. */
  about(name: string): Section {
    const line = (mark: Mark, text: string, mend?: string) =>
      this.print(renderStep(mark, `${name}: ${text}`, mend, this.isColoured));
    const settle = (kind: FailureKind) => {
      if (this.#status === EXIT.open.status) this.#status = EXIT[kind].status;
    };
    return new Section(line, settle);
  }
}

/** The steps about one thing. */
export class Section {
  constructor(
    private readonly line: (mark: Mark, text: string, mend?: string) => void,
    private readonly settle: (kind: FailureKind) => void,
  ) {}

  ok(step: string, what: string): void {
    this.line('ok', `${step}: ${what}`);
  }

  warn(step: string, what: string, mend?: string): void {
    this.line('warn', `${step}: ${what}`, mend);
  }

  /** Says every fault of a failure; its kind decides the exit status. */
  fail(step: string, { kind, faults }: Failure): void {
    this.settle(kind);
    for (const { what, hint } of faults) this.line('FAIL', `${step}: ${what}`, hint);
  }

  /** Says findings; those that failed are faults of the configuration. */
  tell(findings: readonly Finding[]): void {
    for (const { mark, step, what, hint } of findings) {
      if (mark === 'FAIL') this.fail(step, new Failure('config', what, hint));
      else this.line(mark, `${step}: ${what}`, hint);
    }
  }

  /** Says which steps could not be tried. */
  leaveOut(steps: readonly string[], why: string): void {
    if (steps.length > 0) this.line('skip', `${steps.join(', ')}: left out: ${why}`);
  }
}
