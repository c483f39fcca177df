import { EXIT, Failure, type FailureKind, type Fault } from '../common/failure';
import { printable } from '../common/text';

/** How a step went; `skip` is one that could not be tried. */
export type Status = 'ok' | 'warn' | 'FAIL' | 'skip';

/** What a step found. */
export interface Finding extends Fault {
  readonly status: Exclude<Status, 'skip'>;
  /** What was looked at. */
  readonly step: string;
}

const WIDTH = 6; // characters of the column of statuses
const COLOURS: Readonly<Record<Status, number>> = { ok: 32, warn: 33, FAIL: 31, skip: 2 };

/** Puts the line of a step together, and the line of its hint. Foreign text is made printable. */
export function renderStep(
  status: Status,
  text: string,
  hint?: string,
  isColoured = false,
): string {
  const shown = isColoured ? `\x1b[${COLOURS[status]}m${status}\x1b[0m` : status;
  const line = `${shown}${' '.repeat(WIDTH - status.length)}${printable(text)}\n`;
  return hint === undefined ? line : `${line}${' '.repeat(WIDTH)}hint: ${printable(hint)}\n`;
}

/** The whole of a check: prints each step as soon as it is known, and keeps the exit status. */
export class Output {
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
    const line = (status: Status, text: string, hint?: string) =>
      this.print(renderStep(status, `${name}: ${text}`, hint, this.isColoured));
    const settle = (kind: FailureKind) => {
      if (this.#status === EXIT.open.status) this.#status = EXIT[kind].status;
    };
    return new Section(line, settle);
  }
}

/** The steps about one thing. */
export class Section {
  constructor(
    private readonly line: (status: Status, text: string, hint?: string) => void,
    private readonly settle: (kind: FailureKind) => void,
  ) {}

  ok(step: string, what: string): void {
    this.line('ok', `${step}: ${what}`);
  }

  warn(step: string, what: string, hint?: string): void {
    this.line('warn', `${step}: ${what}`, hint);
  }

  /** Says every fault of a failure; its kind decides the exit status. */
  fail(step: string, { kind, faults }: Failure): void {
    this.settle(kind);
    for (const { what, hint } of faults) this.line('FAIL', `${step}: ${what}`, hint);
  }

  /** Says findings; those that failed are faults of the configuration. */
  addAll(findings: readonly Finding[]): void {
    for (const { status, step, what, hint } of findings) {
      if (status === 'FAIL') this.fail(step, new Failure('config', what, hint));
      else this.line(status, `${step}: ${what}`, hint);
    }
  }

  /** Says which steps could not be tried. */
  skip(steps: readonly string[], why: string): void {
    if (steps.length > 0) this.line('skip', `${steps.join(', ')}: left out: ${why}`);
  }
}
