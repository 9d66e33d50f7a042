import { TRAIL_SECONDS, type Trail } from './trails.ts';

/** The drawing is stretched to its element. */
export const WIDTH = 100;
export const HEIGHT = 24;
/** Room for the line at the top and the bottom. */
const MARGIN = 2;
/** The smallest range of the scale, as a part of the largest value: noise is drawn as a flat line. */
const LEAST_RANGE = 0.1;

/** `0,12 100,2`: the corners of the line; the newest is at the right edge. */
export function pointsOf(trail: Trail): string {
  const values = trail.map(({ bytes }) => bytes);
  const most = Math.max(0, ...values);
  const range = Math.max(most - Math.min(most, ...values), most * LEAST_RANGE, 1);
  const newest = trail.at(-1)?.at ?? 0;
  const corners = trail.map(({ at, bytes }) => {
    const x = WIDTH - ((newest - at) / TRAIL_SECONDS) * WIDTH;
    const y = MARGIN + ((most - bytes) / range) * (HEIGHT - 2 * MARGIN);
    return `${round(x)},${round(y)}`;
  });
  // A single point has no line.
  return corners.length === 1 ? `${WIDTH - MARGIN},${HEIGHT / 2} ${WIDTH},${HEIGHT / 2}` : corners.join(' ');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
