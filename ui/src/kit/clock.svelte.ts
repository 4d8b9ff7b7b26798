// The wall clock of the interface: ticks once a second, on the second.

class Clock {
  now = $state(Date.now());

  /** Reads the clock at once, when something new is to be drawn. */
  read(): void {
    this.now = Date.now();
  }

  /** Starts ticking; the answer stops it. */
  start(): () => void {
    let timer: ReturnType<typeof setTimeout>;
    const tick = () => {
      this.read();
      timer = setTimeout(tick, 1000 - (Date.now() % 1000));
    };
    tick();
    return () => clearTimeout(timer);
  }
}

export const clock = new Clock();
