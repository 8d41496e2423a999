import DefaultTheme from 'vitepress/theme-without-fonts';
import CapacityCalculator from './CapacityCalculator.vue';
import './style.css';

export default {
  extends: DefaultTheme,
  /** @param {import('vitepress').EnhanceAppContext} context */
  enhanceApp({ app }) {
    app.component('CapacityCalculator', CapacityCalculator);
  },
};
