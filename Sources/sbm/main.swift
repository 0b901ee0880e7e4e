import Commands

SBM.main()
