import { configure } from '@testing-library/svelte';

configure({ asyncUtilTimeout: 20_000 });

// happy-dom lays nothing out; what is measured is nothing.
if (!('ResizeObserver' in globalThis)) {
  globalThis.ResizeObserver = class {
    observe(): void {}
    unobserve(): void {}
    disconnect(): void {}
  };
}
