// Package install makes authd a service of its host: systemd's, of the system
// or of a person, launchd's, or the Windows service manager's. It writes the
// unit, the folders and a commented configuration, and takes them away again.
// It is not the place for what the service does (package daemon), nor for the
// packages' scripts, which lie beside it in package/ and use the same units.
//
//	Install, Uninstall             what is to be done is a plan of steps first,
//	                               which a dry run prints
//	Start, Stop, Restart, Status   the service manager's own
//
// # Decisions
//
//   - Units of our own. The templates of kardianos/service restart after two
//     minutes, know no readiness and confine nothing. It controls the service,
//     and installs it on Windows. The cost is a plan a system.
//   - Installing does not start: there is nothing to keep fresh before somebody
//     has written a credential.
//   - What a person may have changed is kept: the configuration at the next
//     install, configuration and state at uninstall. Only a purge takes them.
//   - The program stays where it is, as who put it there will update it there.
//     Where the confined service could not see it, installing refuses.
//   - systemd gives the user and the folders (sysusers.d, tmpfiles.d,
//     RuntimeDirectory=, StateDirectory=). The user is a fixed one: with
//     DynamicUser= the tokens' folder would be hidden from cron. /run/authd is
//     tmpfiles.d's and only /run/authd/tokens the service's, as systemd removes a
//     service's folder when it stops: authd.socket would lose its path.
//   - RestartSec= is 100 ms and there is no start limit, so that callers hardly
//     notice a crash. A wrong configuration rests for three seconds before the
//     daemon ends, or it would be read ten times a second.
//   - @chown is let through the system call filter, for the group of an output;
//     without capabilities the kernel allows no more than that.
//   - On Windows the folder is everybody's to make first, so one that is there and is
//     no administrator's is refused. Its list is replaced, not added to, and names
//     accounts by number. The service may read the configuration and write only
//     state and tokens. A service that ends by itself leaves without telling the
//     service manager, which counts that as a failure and starts it again.
//   - Windows has no service of a person that he could install himself, so --user
//     is refused there with what an administrator would type.
//   - launchd has no folder below /var/run to give, so the daemon starts as root
//     there, makes its own and becomes the user in [daemon] user.
package install
