// What clients that show single records have in common.

/// Puts records [owner, type, TTL, value] together as RRsets.
export function rrsets(records) {
  const sets = new Map();
  for (const [owner, type, ttl, value] of records) {
    const key = `${owner} ${type} ${ttl}`;
    if (!sets.has(key)) sets.set(key, [owner, type, ttl, []]);
    sets.get(key)[3].push(value);
  }
  return [...sets.values()];
}

export const quoted = text => `"${text}"`;
