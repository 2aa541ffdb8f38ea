/** Entry of the viewer page; index.html loads it. */
import { render } from 'preact';
import { App } from './components/app.tsx';
import { PageModel } from './page-model.ts';

const root = document.getElementById('app');
if (root !== null) {
  const model = new PageModel();
  render(<App model={model} />, root);
  void model.start();
}
