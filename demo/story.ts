/** The demo, step by step: each line is printed once it has happened, or the demo fails. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AddressList } from '../simulator/api/address-lists';
import { until } from '../test/support/wait';
import { connect } from './client';
import type { Narrator } from './narrator';

/** The address that asks to be let in. */
export const CLIENT = '203.0.113.9';
/** For how long it asks, in seconds. */
export const SECONDS = 3;
export const PORT = 22;

/** Where the story plays: with fwknopd and its client, or with the program alone. */
export interface Scene {
  /** Where the port is that opens. */
  readonly target: { readonly host: string; readonly port: number; readonly localAddress?: string };
  readonly router: {
    readonly list: AddressList;
    /** How many connections it took, and logins, since it started. */
    connections(): number;
    logins(): number;
  };
  /** Asks for a service, printing how. @returns the line that the program logs */
  ask(service: string): Promise<string>;
  /** Sends the last packet again. @returns what fwknopd says; undefined without fwknopd */
  askAgain(): Promise<string | undefined>;
  /** Puts another router with another certificate in the router's place. */
  replaceRouter(): Promise<void>;
}

export async function tell(scene: Scene, { title, say }: Narrator): Promise<void> {
  const { target, router } = scene;
  const expect = (isSo: boolean, what: string): void => {
    if (!isSo) throw new Error(`this did not happen: ${what}`);
  };
  const refused = async (): Promise<void> => {
    expect((await connect(target)) === undefined, 'the port refuses');
    say('client', `connects to port ${PORT}: connection refused`);
  };

  title('A port opens, and closes by itself');
  await refused();
  const opened = await scene.ask(`tcp/${PORT}`);
  expect(opened.includes(`opened`), `the program opens (it says "${opened}")`);
  say('log', opened);
  const [entry] = router.list.entries();
  expect(entry?.address === CLIENT, 'the router has the address');
  say('router', `${entry?.list}: ${entry?.address}, ${Math.ceil(entry?.secondsLeft ?? 0)} s left`);
  const first = await until('the port to open', () => connect(target));
  say('client', `connects to port ${PORT}: ${first.banner}`);
  await until('the entry to expire', () => router.list.entries().length === 0);
  say('router', `${entry?.list}: empty, the time is over`);
  await sleep(100);
  await refused();
  expect((await first.echo('still there?')) === 'still there?', 'the old connection lives');
  say('client', 'its first connection lives on');
  first.close();

  title('Three refusals');
  const before = router.connections();
  const replay = await scene.askAgain();
  if (replay !== undefined) {
    say('fwknopd', replay);
    expect(router.connections() === before, 'the router hears nothing of it');
    say('router', 'no connection');
  }
  const denied = await scene.ask('tcp/443');
  expect(denied.startsWith('not granted'), `it is not granted (it says "${denied}")`);
  say('log', denied);
  expect(router.connections() === before, 'the router hears nothing of it');
  say('router', 'no connection');

  await scene.replaceRouter();
  say('router', 'another one answers in its place, with another certificate');
  const untrusted = await scene.ask(`tcp/${PORT}`);
  expect(untrusted.includes('not the pinned one'), `it is not trusted (it says "${untrusted}")`);
  say('log', untrusted);
  expect(router.connections() === 1 && router.logins() === 0, 'no login is sent');
  say('router', '1 connection, 0 logins received');
}
