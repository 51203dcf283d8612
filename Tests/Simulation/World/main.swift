import Glibc

exit(Report.run(Array(CommandLine.arguments.dropFirst())))
