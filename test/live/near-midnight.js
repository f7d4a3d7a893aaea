// Loaded before xports: the next midnight is in three seconds, and the one after that far away.

const RealDate = Date;
let asked = 0;

globalThis.Date = class extends RealDate {
  constructor(...values) {
    if (values.length === 3) super(RealDate.now() + (asked++ === 0 ? 3_000 : 1e9));
    else super(...values);
  }
};
