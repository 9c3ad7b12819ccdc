/**
 * npm run packages -- --executable FILE --arch amd64|arm64 --out DIR: a deb and an rpm of the executable that
 * `npm run executable` has built, with the systemd unit. dpkg-deb and rpmbuild make them on any machine, since nothing in
 * a package is run or compiled.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';

const { values } = parseArgs({
  options: {
    executable: { type: 'string', default: 'dist/xrayd' },
    arch: { type: 'string', default: process.arch === 'arm64' ? 'arm64' : 'amd64' },
    out: { type: 'string', default: 'dist/packages' },
  },
});
const ARCHITECTURES: Readonly<Record<string, string>> = { amd64: 'x86_64', arm64: 'aarch64' };
const rpmArch = ARCHITECTURES[values.arch];
if (rpmArch === undefined) throw new Error(`--arch takes one of ${Object.keys(ARCHITECTURES).join(', ')}`);
const { version, description, homepage } = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, string>;
/** Of both systems: a prerelease is older than its release. */
const packageVersion = version!.replace('-', '~');
const COMPLETIONS = {
  bash: 'usr/share/bash-completion/completions/xrayd',
  zsh: 'usr/share/zsh/site-functions/_xrayd',
  fish: 'usr/share/fish/vendor_completions.d/xrayd.fish',
};
const UNIT = 'xrayd.service';
const SCRIPTS = 'deploy/packages';
const out = resolve(values.out);
const work = mkdtempSync(join(tmpdir(), 'xrayd-packages-'));
mkdirSync(out, { recursive: true });
try {
  const root = join(work, 'root');
  fill(root);
  buildDeb(root);
  buildRpm(root);
} finally {
  rmSync(work, { recursive: true });
}

function fill(root: string): void {
  const place = (file: string, from: string, mode = 0o644): void => {
    mkdirSync(join(root, file, '..'), { recursive: true, mode: 0o755 });
    cpSync(from, join(root, file));
    chmodSync(join(root, file), mode);
  };
  place('usr/bin/xrayd', values.executable, 0o755);
  // compat: the name of the reference's program.
  symlinkSync('xrayd', join(root, 'usr/bin/xray'));
  place(`usr/lib/systemd/system/${UNIT}`, `deploy/systemd/${UNIT}`);
  place('usr/share/xrayd/cfg.yaml', `${SCRIPTS}/cfg.yaml`);
  // Where distributions expect them of packages. By the bundle: the executable may be for another architecture.
  for (const [shell, file] of Object.entries(COMPLETIONS)) {
    const script = join(work, shell);
    writeFileSync(script, execFileSync(process.execPath, ['dist/xrayd.cjs', 'completion', shell]));
    place(file, script);
  }
  const page = join(work, 'xrayd.1.gz');
  writeFileSync(page, gzipSync(readFileSync('docs/xrayd.1'), { level: 9 }));
  place('usr/share/man/man1/xrayd.1.gz', page);
  place('usr/share/doc/xrayd/copyright', 'LICENSE');
  place('usr/share/doc/xrayd/THIRD-PARTY-LICENSES.txt', 'dist/THIRD-PARTY-LICENSES.txt');
}

function buildDeb(root: string): void {
  const control = join(root, 'DEBIAN');
  mkdirSync(control);
  writeFileSync(
    join(control, 'control'),
    `Package: xrayd
Version: ${packageVersion}
Architecture: ${values.arch}
Maintainer: xrayd <xrayd@users.noreply.github.com>
Section: admin
Priority: optional
Homepage: ${homepage}
Depends: libc6 (>= 2.28), libstdc++6, libatomic1, passwd
Conflicts: xray
Replaces: xray
Provides: xray
Description: ${description}
`,
  );
  for (const [name, words] of Object.entries({ postinst: 'installed', prerm: 'leaving', postrm: 'left' })) {
    const file = join(control, name);
    writeFileSync(file, `#!/bin/sh\nset -e\n${words}=deb\n${readFileSync(`${SCRIPTS}/scripts.sh`, 'utf8')}`);
    chmodSync(file, 0o755);
  }
  const file = join(out, `xrayd_${packageVersion}_${values.arch}.deb`);
  // zstd: dpkg knows it since Debian 12 and Ubuntu 22.04.
  execFileSync('dpkg-deb', ['--root-owner-group', '-Zzstd', '-z10', '--build', root, file], { stdio: 'inherit' });
  rmSync(control, { recursive: true });
}

function buildRpm(root: string): void {
  const spec = join(work, 'xrayd.spec');
  const script = (name: string): string => `${name}=rpm\n${readFileSync(`${SCRIPTS}/scripts.sh`, 'utf8')}`;
  writeFileSync(
    spec,
    `Name: xrayd
Version: ${packageVersion}
Release: 1
Summary: ${description}
License: Apache-2.0
URL: ${homepage}
AutoReqProv: no
Requires: glibc >= 2.28, libstdc++, libatomic, shadow-utils
Conflicts: xray
Provides: xray
%description
${description}.
%files
/usr/bin/xrayd
/usr/bin/xray
/usr/lib/systemd/system/${UNIT}
/usr/share/xrayd
/usr/share/doc/xrayd
/usr/share/man/man1/xrayd.1.gz
${Object.values(COMPLETIONS)
  .map((file) => `/${file}`)
  .join('\n')}
%post
${script('installed')}
%preun
${script('leaving')}
%postun
${script('left')}
`,
  );
  const settings: Readonly<Record<string, string>> = {
    _topdir: join(work, 'rpm'),
    _binary_payload: 'w10.zstdio',
    // The executable is taken as it is: nothing of it is stripped or looked into.
    __os_install_post: '%{nil}',
    _build_id_links: 'none',
    _rpmdir: out,
    _rpmfilename: `xrayd-%{version}-%{release}.${rpmArch}.rpm`,
    clamp_mtime_to_source_date_epoch: '1',
  };
  const defines = Object.entries(settings).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
  execFileSync('rpmbuild', ['-bb', '--quiet', '--target', `${rpmArch}-linux`, '--buildroot', root, ...defines, spec], {
    stdio: 'inherit',
  });
}
