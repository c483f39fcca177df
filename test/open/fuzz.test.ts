import { fuzz } from './fuzz';

jest.setTimeout(60_000);

test('routers that answer anything: a short run of `npm run fuzz`', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  expect(await fuzz(seed, 6)).toBeGreaterThan(20);
});
