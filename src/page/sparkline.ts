import { formatBytes } from '../core/text/wording.ts';
import { svgElement } from './element.ts';
import { HEIGHT, pointsOf, WIDTH } from './spark-points.ts';
import type { Trail } from './trails.ts';

/** A line of the memory of the last ten minutes, scaled to its own range. */
export function sparkline(trail: Trail): Element {
  const line = svgElement('polyline', { points: pointsOf(trail), 'vector-effect': 'non-scaling-stroke' });
  const attributes = { class: 'spark', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img' };
  return svgElement('svg', { ...attributes, 'aria-label': describeTrail(trail) }, line);
}

function describeTrail(trail: Trail): string {
  const [first, last] = [trail[0], trail.at(-1)];
  if (first === undefined || last === undefined) return 'memory unknown';
  const minutes = Math.round((last.at - first.at) / 60);
  const span = minutes < 1 ? 'less than a minute' : `${minutes} min`;
  return `memory over ${span}: from ${formatBytes(first.bytes)} to ${formatBytes(last.bytes)}`;
}
