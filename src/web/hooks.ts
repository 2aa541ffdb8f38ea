/** How components follow the model and the clock. */
import type { RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { PageModel } from './page-model.ts';

/** Renders the component again when the model changes. */
export function useModel(model: PageModel): void {
  const [, again] = useState(0);
  useEffect(() => model.subscribe(() => again((count) => count + 1)), [model]);
}

const STILL_EVERY_MS = 500;
const frames = new Set<(nowMs: number) => void>();
let running = false;

/** One animation loop for the whole page; a person who wants less motion gets two pictures a second. */
function loop(): void {
  if (frames.size === 0) {
    running = false;
    return;
  }
  for (const draw of frames) draw(performance.now());
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) setTimeout(loop, STILL_EVERY_MS);
  else requestAnimationFrame(loop);
}

/**
 * Calls `draw` on every animation frame with the element: for what moves all the time and must not render anything
 * else again.
 */
export function useFrame<E extends Element>(draw: (element: E) => void): RefObject<E | null> {
  const element = useRef<E>(null);
  const latest = useRef(draw);
  latest.current = draw;
  useEffect(() => {
    const frame = (): void => {
      if (element.current !== null) latest.current(element.current);
    };
    frame();
    frames.add(frame);
    if (!running) {
      running = true;
      requestAnimationFrame(loop);
    }
    return () => {
      frames.delete(frame);
    };
  }, []);
  return element;
}
