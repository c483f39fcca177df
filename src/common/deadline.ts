/** The end of the time that a run has. (An AbortSignal would do, and takes half a millisecond.) */
export class Deadline {
  readonly #listeners = new Set<() => void>();
  /** Milliseconds from the start of the process. */
  readonly #end: number;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  /** @param seconds counted from the start of the process */
  constructor(seconds: number) {
    this.#end = seconds * 1000;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Calls a listener once when the time is over, at once if it is. */
  on(listener: () => void): void {
    if (this.#isOver) {
      listener();
      return;
    }
    this.#listeners.add(listener);
    // Not yet: the timer takes 0.2 ms to set up, and what it guards, such as a connection, is then on its way.
    process.nextTick(() => this.#start());
  }

  off(listener: () => void): void {
    this.#listeners.delete(listener);
  }

  /** Waits, but not beyond the end. @returns whether there is time left */
  async wait(milliseconds: number): Promise<boolean> {
    await new Promise<void>((resolve) => {
      const settle = () => {
        clearTimeout(timer);
        this.off(settle);
        resolve();
      };
      const timer = setTimeout(settle, milliseconds);
      this.on(settle);
    });
    return !this.#isOver;
  }

  /** Stops the clock, which would keep the process from ending before. */
  cancel(): void {
    clearTimeout(this.#timer);
  }

  #start(): void {
    if (this.#listeners.size === 0) return;
    const left = Math.max(0, this.#end - process.uptime() * 1000);
    this.#timer ??= setTimeout(() => this.#pass(), left);
  }

  #pass(): void {
    this.#isOver = true;
    for (const listener of this.#listeners) listener();
  }
}
