// A place that has just changed takes no press for 600 ms, so that a double click never reaches what came after it.

export const REST_MS = 600;

export class Rest {
  resting = $state(false);
  #what: string | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Tells what the place offers now. The first offer of all needs no rest: there was nothing to press before. */
  offers(what: string): void {
    if (what === this.#what) return;
    const first = this.#what === null;
    this.#what = what;
    if (!first) this.pressed();
  }

  /** Tells that the place was pressed: a second press at once means the same, and gets nothing. */
  pressed(): void {
    clearTimeout(this.#timer);
    this.resting = true;
    this.#timer = setTimeout(() => (this.resting = false), REST_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.resting = false;
  }
}
