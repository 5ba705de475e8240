// SPDX-License-Identifier: LGPL-2.1-or-later
// What a viewer must see and hear of the publishers' numbered picture and their tone.

import assert from "node:assert/strict";
import { TONE } from "./publishers.mjs";

/** `numbers` were read from successive pictures: all legible, none before its predecessor. One may come twice, or be
 * left out: the page's script reads when it gets its turn. How many were decoded, the counters tell. */
export function assertMoving(numbers) {
  assert.ok(numbers.length >= 10, `only ${numbers.length} pictures`);
  assert.ok(!numbers.includes(null), `illegible pictures: ${numbers}`);
  for (let i = 1; i < numbers.length; i++) assert.ok(numbers[i] >= numbers[i - 1], `not in order: ${numbers}`);
  const different = new Set(numbers).size;
  const span = numbers.at(-1) - numbers[0] + 1;
  assert.ok(different > 0.3 * span && different > 0.5 * numbers.length, `${different} of ${span} pictures: ${numbers}`);
}

export function assertTone({ hertz, decibels }) {
  assert.ok(decibels > -60, `silence: ${decibels} dB`);
  assert.ok(Math.abs(hertz - TONE) < 25, `a tone of ${hertz} Hz instead of ${TONE} Hz`);
}
