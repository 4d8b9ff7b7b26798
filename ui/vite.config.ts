import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [svelte(), svelteTesting()],
  server: { port: 5183, strictPort: true },
  build: {
    target: ['es2022', 'safari16'],
    // The page forbids data: fonts and images; every asset stays a file.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.ts'],
    setupFiles: ['src/test-setup.ts'],
    restoreMocks: true,
    // Finding by role is slow, and the machine may be busy: a time-out only says that something hangs.
    testTimeout: 60_000,
  },
});
