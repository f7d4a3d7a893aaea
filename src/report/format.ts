// Numbers, sizes, times and spans as people read them.

/** `1,234,567`. */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** `987 B`, `1.4 KiB`, `12.0 MiB`. */
export function byteSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 1023.95 would print as 1024.0.
  while (value >= (unit === 0 ? 1024 : 1023.95) && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return unit === 0 ? `${value} B` : `${value.toFixed(1)} ${UNITS[unit]}`;
}

/** `1 flow`, `2 flows`, `2 replies` where the plural is given. */
export function counted(value: number, noun: string, plural = `${noun}s`): string {
  return `${grouped(value)} ${value === 1 ? noun : plural}`;
}

/** `2024-03-01 12:00:00 UTC`. */
export function timeText(us: number): string {
  return `${new Date(Math.floor(us / 1000)).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export function spanText(us: number): string {
  const tenths = Math.round(us / 1e5);
  if (tenths < 100) return `${(tenths / 10).toFixed(1)} s`;
  const seconds = Math.round(us / 1e6);
  const parts: readonly (readonly [string, number])[] = [
    ['d', Math.floor(seconds / 86_400)],
    ['h', Math.floor(seconds / 3600) % 24],
    ['min', Math.floor(seconds / 60) % 60],
    ['s', seconds % 60],
  ];
  const first = parts.findIndex(([, value]) => value > 0);
  return parts
    .slice(first, first + 2)
    .filter(([, value]) => value > 0)
    .map(([unit, value]) => `${value} ${unit}`)
    .join(' ');
}

/** A share in percent with the digits that mean something: `0.02 %`, `1.4 %`, `37 %`. */
export function percent(part: number, whole: number): string {
  if (whole === 0 || part === 0) return '0 %';
  const value = (part / whole) * 100;
  if (value < 0.01) return 'under 0.01 %';
  if (value < 0.1) return `${value.toFixed(2)} %`;
  if (value < 10) return `${value.toFixed(1)} %`;
  // Rounding must not turn "nearly all" into "all".
  return value < 100 && value >= 99.5 ? 'over 99 %' : `${Math.round(value)} %`;
}

/** `tcp/443`, or the transport alone where there is no port. */
export function endpoint(transport: string, port: number | null): string {
  return port === null ? transport : `${transport}/${port}`;
}
