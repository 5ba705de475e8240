// SPDX-License-Identifier: LGPL-2.1-or-later
// Looks up what watch.html promises to have.

export function element<T extends HTMLElement>(id: string, type: abstract new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`watch.html has no ${type.name} #${id}`);
  return found;
}
