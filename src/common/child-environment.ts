/** The environment of every program that this one starts: fwknopd 2.6.10 passes no PATH. */
export const CHILD_ENVIRONMENT = { PATH: '/usr/bin:/bin' } as const;
