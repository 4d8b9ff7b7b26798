import { mount } from 'svelte';
import '@fontsource-variable/inter/wght.css';
import './kit/tokens.css';
import './kit/base.css';
import App from './app/App.svelte';

const target = document.getElementById('app');
if (!target) throw new Error('The page has no #app to draw in');
mount(App, { target });
