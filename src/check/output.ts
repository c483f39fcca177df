import { EXIT, Failure, type FailureKind, type Fault, faultText } from '../common/failure';
import { printable } from '../common/text';

/** The outcome of a step; `skip` means that it could not be tried. */
export type Status = 'ok' | 'warn' | 'FAIL' | 'skip';

/** The outcome of a step, with its text. */
export interface Finding extends Fault {
  readonly status: Status;
  /** The name of the step. */
  readonly step: string;
}

const WIDTH = 6; // characters of the column of statuses
const COLOURS: Readonly<Record<Status, number>> = { ok: 32, warn: 33, FAIL: 31, skip: 2 };

/** Renders the line of a step and the line of its hint. Foreign text is made printable. */
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
  #first: Fault | undefined;

  /** @param isQuiet whether to leave out the steps that went well or could not be tried */
  constructor(
    private readonly print: (text: string) => void,
    private readonly isColoured: boolean,
    private readonly isQuiet = false,
  ) {}

  /** That of the first failure; 0 as long as there is none. */
  get status(): number {
    return this.#status;
  }

  /** The steps about one thing, such as a router; each line begins with its name. */
  about(name: string): Section {
    const line = (status: Status, text: string, hint?: string) => {
      if (this.isQuiet && (status === 'ok' || status === 'skip')) return;
      this.print(renderStep(status, `${name}: ${text}`, hint, this.isColoured));
    };
    const settle = (kind: FailureKind, { what, hint }: Fault) => {
      if (this.#first !== undefined) return;
      this.#status = EXIT[kind].status;
      this.#first = { what: `${name}: ${what}`, hint };
    };
    return new Section(line, settle);
  }

  /** Prints the last line: that a knock would open, or the first reason why not. */
  summarise(): void {
    const first = this.#first;
    const text =
      first === undefined ? 'ready: knock from outside' : `not ready: ${faultText(first)}`;
    this.print(`${printable(text)}\n`);
  }
}

/** The steps about one thing. */
export class Section {
  constructor(
    private readonly line: (status: Status, text: string, hint?: string) => void,
    private readonly settle: (kind: FailureKind, fault: Fault) => void,
  ) {}

  ok(step: string, what: string): void {
    this.line('ok', `${step}: ${what}`);
  }

  warn(step: string, what: string, hint?: string): void {
    this.line('warn', `${step}: ${what}`, hint);
  }

  /** Prints every fault of a failure; its kind decides the exit status. */
  fail(step: string, { kind, faults }: Failure): void {
    for (const { what, hint } of faults) {
      this.settle(kind, { what: `${step}: ${what}`, hint });
      this.line('FAIL', `${step}: ${what}`, hint);
    }
  }

  /** Prints findings; those that failed are faults of the configuration. */
  addAll(findings: readonly Finding[]): void {
    for (const { status, step, what, hint } of findings) {
      if (status === 'FAIL') this.fail(step, new Failure('config', what, hint));
      else if (status === 'skip') this.skip([step], what);
      else this.line(status, `${step}: ${what}`, hint);
    }
  }

  /** Prints which steps could not be tried. */
  skip(steps: readonly string[], why: string): void {
    if (steps.length > 0) this.line('skip', `${steps.join(', ')}: skipped: ${why}`);
  }
}
