import { join } from 'node:path';
import { shellWord } from '../common/text';
import type { Setup } from './setup';
import type { Step } from './steps';

const DISK = 'usb1'; // the first USB disk of a router
const FILES = `${DISK}/fwknop`;
const IMAGE = 'fwknop-mikrotik.tar';
const INTERFACE = 'veth-fwknop';
const MOUNTS = 'fwknop';

/**
 * The steps that run fwknopd in a container on the router, on the bridge of its LAN: RouterOS's manual
 * (Container, layer 2 example), never run on a router [I container-on-bridge, container-mount]. In 7.21
 * `mounts` became `mountlists`, and a mount's `name` became `list` [C].
 *
 * @param prefix the length of the LAN's prefix
 * @param directory the absolute path of init's files
 */
export function containerSteps(
  { router, fwknopd }: Setup,
  prefix: number,
  directory: string,
): readonly Step[] {
  const admin = `admin@${router}`;
  const file = (name: string) => shellWord(join(directory, name));
  const mount = (name: string) =>
    `/container/mounts/add ${name}=${MOUNTS} src=/${FILES} dst=/config`;
  const add = (mounts: string) =>
    `/container/add file=${DISK}/${IMAGE} interface=${INTERFACE} root-dir=${DISK}/fwknop-root ${mounts}=${MOUNTS} dns=${router} logging=yes start-on-boot=yes`;
  return [
    [
      [
        'Pin the fingerprint: put it in the place of FINGERPRINT.',
        `echo 'fingerprint = "FINGERPRINT"' >>${file('mikrotik.toml')}`,
      ],
    ],
    [
      [
        "In a checkout of this project: make the image for the router's architecture, arm64 here\n(others: arm/v7, amd64).",
        'npm run package:deb',
        'docker build --platform linux/arm64 -f packaging/container/Dockerfile -t fwknop-mikrotik .',
        `docker save -o ${IMAGE} fwknop-mikrotik`,
      ],
    ],
    [
      [
        'On the router, with the package container installed: allow containers. Then press its\nbutton, or turn it off and on, within 5 minutes. (inferred)',
        '/system/device-mode/update container=yes',
      ],
    ],
    [
      [
        `Copy the image and two files to a disk of the router, ${DISK} here. (inferred)`,
        `ssh ${admin} '/file/add name=${FILES} type=directory'`,
        `scp ${file('mikrotik.toml')} ${file('access.conf')} ${admin}:${FILES}/`,
        `scp ${IMAGE} ${admin}:${DISK}/${IMAGE}`,
      ],
    ],
    [
      [
        'On the router: make an interface on the bridge of the LAN, bridge here. (inferred)',
        `/interface/veth/add name=${INTERFACE} address=${fwknopd}/${prefix} gateway=${router}`,
        `/interface/bridge/port/add bridge=bridge interface=${INTERFACE}`,
      ],
      ['Add the container, from RouterOS 7.21 on: (inferred)', mount('list'), add('mountlists')],
      ['Or before 7.21: (inferred)', mount('name'), add('mounts')],
      [
        'Start it, when /container/print no longer shows it extracting. (inferred)',
        `/container/start [find where interface=${INTERFACE}]`,
      ],
    ],
  ];
}
