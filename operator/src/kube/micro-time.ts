/** metav1.MicroTime: RFC 3339 with six digits of a second, as Leases and Events have it. */
export const toMicroTime = (date: Date): string => date.toISOString().replace("Z", "000Z");
