/** The end of a run's time. An AbortSignal in its place would take half a millisecond. */
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

  /** Calls a listener once: when the time is over, or at once where it is over already. */
  on(listener: () => void): void {
    if (this.#isOver) {
      listener();
      return;
    }
    this.#listeners.add(listener);
    // The timer takes 0.2 ms to set up: the connection that it limits begins first.
    process.nextTick(() => this.#start());
  }

  off(listener: () => void): void {
    this.#listeners.delete(listener);
  }

  /** Waits, at most until the end. @returns whether there is time left */
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

  /** Stops the timer, which would keep the process running. */
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
