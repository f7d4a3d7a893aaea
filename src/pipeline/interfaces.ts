// What `xports interfaces` lists: the devices, with link types by the names that the database has.

import { EXIT, XportsError } from '../base/errors.ts';
import { linkTypeName } from '../decode/link/index.ts';
import { chooseEngine } from '../source/live/engine.ts';
import { type LiveInterface, listInterfaces } from '../source/live/interfaces.ts';

export interface NamedInterface extends Omit<LiveInterface, 'dataLink'> {
  readonly linkType: string | null;
}

/** Throws XportsError with exit code 5 where there is no libpcap, or it cannot tell. */
export function namedInterfaces(): NamedInterface[] {
  chooseEngine('libpcap');
  try {
    return listInterfaces().map(({ dataLink, ...rest }) => ({
      ...rest,
      linkType: dataLink === null ? null : linkTypeName(dataLink),
    }));
  } catch (error) {
    if (error instanceof XportsError) throw error;
    throw new XportsError('live', EXIT.noLive, error instanceof Error ? error.message : String(error));
  }
}
