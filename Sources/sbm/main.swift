print("sbm")
